import assert from "node:assert/strict";
import type { News, Store } from "../../store/store.ts";
import type { CaseDefinition } from "./case.ts";
import {
  answerIds,
  answerOf,
  beatOnce,
  changeOf,
  keep,
  messageIds,
  messageOf,
  moment,
  taskRecord,
  tryCommit,
} from "./records.ts";

/** Listens, and waits for news. */
class Ear {
  readonly heard: News[] = [];
  #wake: () => void = () => {};

  async listen(store: Store, workerId: string): Promise<() => void> {
    const stop = await store.listen(workerId, (news) => {
      this.heard.push(news);
      this.#wake();
    });
    assert.ok(stop, "listen gives a function that ends it");
    return stop;
  }

  /** Resolves when such news has come; it fails after some seconds. */
  async hears(expected: News): Promise<void> {
    const text = JSON.stringify(expected);
    let timeout: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `${text} was not heard, only ${JSON.stringify(this.heard)}`;
      timeout = setTimeout(() => reject(new assert.AssertionError({ message })), 4_000);
    });
    try {
      while (!this.heard.some((news) => isSame(news, expected))) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        await Promise.race([woken, late]);
      }
    } finally {
      clearTimeout(timeout);
    }
  }
}

function isSame(a: News, b: News): boolean {
  const idOf = (news: News) => (news.type === "instance" ? news.instanceId : undefined);
  return a.type === b.type && idOf(a) === idOf(b);
}

export const mailCases: readonly CaseDefinition[] = [
  {
    name: "a message is received by the worker it is sent to, as it was given",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      const sent = [
        messageOf("1", { command: { type: "Signal", data: [1, { a: null }] } }),
        messageOf("2", { from: undefined, at: moment + 1, command: null }),
        messageOf("3", { to: "worker-a", from: "worker-a", instanceId: 'it\'s "odd"' }),
      ];
      await keep(store, [changeOf("order", 0, { sent: sent.slice(0, 2) })], {
        sent: sent.slice(2),
      });
      const forB = { messages: sent.slice(0, 2), answers: [] };
      assert.deepEqual(await second.receive("worker-b"), forB);
      assert.deepEqual(await store.receive("worker-b"), forB);
      assert.deepEqual(await store.receive("worker-a"), { messages: sent.slice(2), answers: [] });
      assert.deepEqual(await store.receive("worker-c"), { messages: [], answers: [] });
    },
  },
  {
    name: "messages are received oldest first",
    async run({ store }) {
      const sent = (...ids: readonly string[]) => ids.map((id) => messageOf(id));
      await keep(store, [], { sent: sent("z", "a", "m", "10", "9") });
      await keep(store, [], { sent: sent("b", "y") });
      await keep(store, [], { sent: [messageOf("0", { at: moment + 1 })] });
      assert.deepEqual(await messageIds(store, "worker-b"), [
        ...["z", "a", "m", "10", "9"],
        ...["b", "y"],
        "0",
      ]);
    },
  },
  {
    name: "a message that is handed on is another worker's, otherwise the same, in its place",
    async run({ store, other }) {
      const second = await other();
      const handed = messageOf("m", { from: "worker-d", instanceId: "other", command: [null] });
      const ofC = (id: string) => messageOf(id, { to: "worker-c" });
      await keep(store, [], { sent: [ofC("z"), handed, messageOf("a"), ofC("b")] });
      await keep(second, [changeOf("order", 0)], {
        handedOn: [{ messageId: "m", by: "worker-b", to: "worker-c" }],
      });
      assert.deepEqual((await store.receive("worker-b")).messages, [messageOf("a")]);
      const received = [ofC("z"), { ...handed, to: "worker-c" }, ofC("b")];
      assert.deepEqual((await store.receive("worker-c")).messages, received);
      assert.deepEqual((await second.receive("worker-c")).messages, received);
    },
  },
  {
    name: "a message that was handed on can be handed on and answered by who has it then",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b", "worker-c");
      await keep(store, [], { sent: [messageOf("1")] });
      for (const [by, to] of [
        ["worker-b", "worker-c"],
        ["worker-c", "worker-b"],
        ["worker-b", "worker-c"],
      ] as const) {
        await keep(second, [], { handedOn: [{ messageId: "1", by, to }] });
        assert.deepEqual(await messageIds(store, to), ["1"]);
      }
      const answers = [answerOf("1", { by: "worker-c" })];
      await keep(store, [changeOf("order", 0, { answers })]);
      assert.deepEqual(await messageIds(second, "worker-c"), []);
      assert.deepEqual(await answerIds(second, "worker-a"), ["1"]);
    },
  },
  {
    name: "a message that is handed on to a worker that is not known passes to who claims",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [], { sent: [messageOf("1")] });
      await keep(store, [], { handedOn: [{ messageId: "1", by: "worker-b", to: "gone" }] });
      assert.deepEqual(await messageIds(store, "gone"), ["1"]);
      await store.claim({ workerId: "worker-a", gone: [], limit: 1 });
      assert.deepEqual(await messageIds(store, "gone"), []);
      assert.deepEqual(await messageIds(store, "worker-a"), ["1"]);
    },
  },
  {
    name: "handing on a message that does not exist makes none",
    async run({ store }) {
      await keep(store, [], {
        handedOn: [{ messageId: "unknown", by: "worker-b", to: "worker-c" }],
      });
      assert.deepEqual(await messageIds(store, "worker-b"), []);
      assert.deepEqual(await messageIds(store, "worker-c"), []);
    },
  },
  {
    name: "an answer replaces its message and stays until it is dismissed",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [], { sent: ["1", "2", "3"].map((id) => messageOf(id)) });
      const answers = [
        answerOf("1", { outcome: { status: "done", list: [1, null] } }),
        answerOf("2", { outcome: null }),
      ];
      await keep(second, [changeOf("order", 0, { answers: answers.slice(0, 1) })], {
        answers: answers.slice(1),
      });
      assert.deepEqual(await messageIds(store, "worker-b"), ["3"]);
      const received = await store.receive("worker-a");
      assert.deepEqual(received.messages, []);
      assert.deepEqual(
        [...received.answers].sort((a, b) => (a.messageId < b.messageId ? -1 : 1)),
        answers.map(({ messageId, from, outcome }) => ({ messageId, from, outcome })),
      );
      await keep(store, [], { dismissed: ["1"] });
      assert.deepEqual(await answerIds(store, "worker-a"), ["2"]);
      await keep(store, [], { dismissed: ["2", "unknown"] });
      assert.deepEqual(await answerIds(second, "worker-a"), []);
      assert.deepEqual(await messageIds(second, "worker-b"), ["3"]);
    },
  },
  {
    name: "an answer that nobody waits for only ends its message",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [], { sent: [messageOf("1", { from: undefined }), messageOf("2")] });
      await keep(store, [], { answers: [answerOf("1", { from: undefined })] });
      assert.deepEqual(await messageIds(store, "worker-b"), ["2"]);
      assert.deepEqual(await answerIds(store, "worker-a"), []);
      assert.deepEqual(await answerIds(store, "worker-b"), []);
    },
  },
  {
    name: "an answer to a worker that is not known is dropped, and its message ends",
    async run({ store }) {
      await beatOnce(store, "worker-b");
      await keep(store, [], { sent: [messageOf("1", { from: "gone" })] });
      await keep(store, [changeOf("order", 0)], {
        answers: [answerOf("1", { from: "gone" })],
      });
      assert.deepEqual(await messageIds(store, "worker-b"), []);
      assert.deepEqual(await answerIds(store, "gone"), []);
      await beatOnce(store, "gone");
      assert.deepEqual(await answerIds(store, "gone"), []);
    },
  },
  {
    name: "an answer of a refused change is not given, and its message stays",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [changeOf("order", 0, { sent: [messageOf("1")] })]);
      const answers = [answerOf("1")];
      assert.deepEqual(await tryCommit(store, [changeOf("order", 5, { answers })]), ["order"]);
      assert.deepEqual(await messageIds(store, "worker-b"), ["1"]);
      assert.deepEqual(await answerIds(store, "worker-a"), []);
    },
  },
  {
    name: "messages to workers that are not known pass to the one who claims",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b", "gone");
      const sent = [
        messageOf("1", { to: "gone" }),
        messageOf("2", { to: "never-known", from: undefined }),
        messageOf("3", { to: "worker-b" }),
        messageOf("4", { to: "worker-a" }),
      ];
      await keep(store, [], { sent });
      await second.claim({ workerId: "worker-a", gone: [{ id: "gone", beat: 1 }], limit: 1 });
      const { messages } = await store.receive("worker-a");
      assert.deepEqual(
        [...messages].sort((a, b) => (a.id < b.id ? -1 : 1)),
        [
          messageOf("1", { to: "worker-a" }),
          messageOf("2", { to: "worker-a", from: undefined }),
          messageOf("4", { to: "worker-a" }),
        ],
      );
      assert.deepEqual(await messageIds(store, "worker-b"), ["3"]);
      assert.deepEqual(await messageIds(store, "gone"), []);
      await keep(second, [], { answers: [answerOf("1", { by: "worker-a" })] });
      assert.deepEqual(await answerIds(store, "worker-a"), ["1"]);
    },
  },
  {
    name: "a claim takes messages over also when it may take no instance, or finds none",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a", "worker-b");
      await keep(store, [], { sent: [messageOf("1", { at: moment + 1 }), messageOf("2")] });
      await store.retire("worker-b");
      assert.deepEqual(await messageIds(store, "worker-a"), []);
      assert.deepEqual(await second.claim({ workerId: "worker-a", gone: [], limit: 1 }), []);
      assert.deepEqual((await messageIds(store, "worker-a")).sort(), ["1", "2"]);
      assert.deepEqual(await messageIds(store, "worker-b"), []);
    },
  },
  {
    name: "a worker is forgotten with the answers that are kept for it",
    async run({ store }) {
      await beatOnce(store, "worker-a", "worker-b", "worker-c");
      for (const [id, from] of Object.entries({ 1: "worker-a", 2: "worker-b", 3: "worker-c" })) {
        await keep(store, [], { sent: [messageOf(id, { from, to: "worker-d" })] });
        await keep(store, [], { answers: [answerOf(id, { from, by: "worker-d" })] });
        assert.deepEqual(await answerIds(store, from), [id]);
      }
      await store.claim({ workerId: "worker-a", gone: [{ id: "worker-b", beat: 1 }], limit: 1 });
      await store.retire("worker-c");
      assert.deepEqual(await answerIds(store, "worker-a"), ["1"]);
      assert.deepEqual(await answerIds(store, "worker-b"), []);
      assert.deepEqual(await answerIds(store, "worker-c"), []);
    },
  },
  {
    name: "a store that cannot tell says so",
    async run({ store, lacks }) {
      await beatOnce(store, "worker-a");
      const stop = await store.listen("worker-a", () => {});
      assert.equal(stop === undefined, lacks.listening !== undefined);
      stop?.();
    },
  },
  {
    name: "who listens is told of messages and answers, when they can be received",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a");
      await beatOnce(second, "worker-b");
      const [a, b] = [new Ear(), new Ear()];
      await a.listen(store, "worker-a");
      await b.listen(second, "worker-b");
      await keep(store, [changeOf("order", 0, { sent: [messageOf("1")] })]);
      await b.hears({ type: "mail" });
      assert.deepEqual(await messageIds(second, "worker-b"), ["1"]);
      await keep(second, [], { answers: [answerOf("1")] });
      await a.hears({ type: "mail" });
      assert.deepEqual(await answerIds(store, "worker-a"), ["1"]);
    },
  },
  {
    name: "who listens is told of a message that is handed on to it, when it can be received",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-b");
      await beatOnce(second, "worker-c");
      await keep(store, [], { sent: [messageOf("1")] });
      const ear = new Ear();
      await ear.listen(second, "worker-c");
      await keep(store, [], { handedOn: [{ messageId: "1", by: "worker-b", to: "worker-c" }] });
      await ear.hears({ type: "mail" });
      assert.deepEqual(await messageIds(second, "worker-c"), ["1"]);
    },
  },
  {
    name: "who listens is told of instances that are announced, and not of refused changes",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(second, "worker-b");
      const ear = new Ear();
      await ear.listen(second, "worker-b");
      await keep(store, [changeOf("quiet", 0), changeOf("loud", 0, { isAnnounced: true })]);
      await ear.hears({ type: "instance", instanceId: "loud" });
      await tryCommit(store, [changeOf("refused", 4, { isAnnounced: true })]);
      await keep(store, [changeOf('it\'s "odd" ünï', 0, { isAnnounced: true })]);
      await ear.hears({ type: "instance", instanceId: 'it\'s "odd" ünï' });
      const told = ear.heard.map((news) => (news.type === "instance" ? news.instanceId : ""));
      assert.deepEqual(
        told.filter((id) => id === "quiet" || id === "refused"),
        [],
      );
    },
  },
  {
    name: "who listens is told which tasks an announced change has, and when it was decided",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(second, "worker-b");
      const ear = new Ear();
      await ear.listen(second, "worker-b");
      const tasks = [taskRecord("1.1"), taskRecord("2.1")];
      await keep(store, [changeOf("order", 0, { tasks, isAnnounced: true })]);
      await ear.hears({ type: "instance", instanceId: "order" });
      for (const news of ear.heard) {
        if (news.type !== "instance" || news.taskIds === undefined) continue;
        assert.deepEqual(news, {
          type: "instance",
          instanceId: "order",
          at: moment,
          taskIds: ["1.1", "2.1"],
        });
      }
    },
  },
  {
    name: "who listens is told of every instance of a commit that announces many",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(second, "worker-b");
      const ear = new Ear();
      await ear.listen(second, "worker-b");
      const ids = Array.from({ length: 1_000 }, (_, index) => `order-with-a-long-id-${index}`);
      await keep(
        store,
        ids.map((id) => changeOf(id, 0, { isAnnounced: true })),
      );
      for (const instanceId of ids) await ear.hears({ type: "instance", instanceId });
    },
  },
  {
    name: "who listens is told when a worker retires",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(store, "worker-a");
      await beatOnce(second, "worker-b");
      const ear = new Ear();
      await ear.listen(second, "worker-b");
      await store.retire("worker-a");
      await ear.hears({ type: "orphans" });
    },
  },
  {
    name: "who has stopped to listen is told nothing",
    needs: "listening",
    async run({ store, other }) {
      const second = await other();
      await beatOnce(second, "worker-b", "worker-c");
      const [stopped, ear] = [new Ear(), new Ear()];
      const stop = await stopped.listen(second, "worker-b");
      await ear.listen(second, "worker-c");
      stop();
      await keep(store, [changeOf("order", 0, { isAnnounced: true })]);
      await ear.hears({ type: "instance", instanceId: "order" });
      assert.deepEqual(stopped.heard, []);
    },
  },
];
