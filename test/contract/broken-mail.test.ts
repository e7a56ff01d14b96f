import type { Answer, Change, Commit, Handover, MemoryStore, News } from "tandem-workflows";
import { type Defects, findDefects } from "../support/broken-stores.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";

/** Spoils a commit, and keeps it at the same moment. */
const commits = (spoil: (commit: Commit, home: MemoryStore) => Promise<Commit>) =>
  class extends RemoteStore {
    override async commit(commit: Commit) {
      await nextTurn();
      return this.home.commit(await spoil(commit, this.home));
    }
  };

/** The worker that a message is kept for. */
async function holderOf(home: MemoryStore, messageId: string): Promise<string | undefined> {
  for (const id of ["worker-a", "worker-b", "worker-c"]) {
    const { messages } = await home.receive(id);
    if (messages.some((message) => message.id === messageId)) return id;
  }
  return undefined;
}

/** As if whoever writes were the worker that has the message, if one has it. */
function asHolder<Item extends Answer | Handover>(items: readonly Item[], home: MemoryStore) {
  return Promise.all(
    items.map(async (item) => ({ ...item, by: (await holderOf(home, item.messageId)) ?? item.by })),
  );
}

const isHeld = async (home: MemoryStore, { messageId, by }: Answer) =>
  (await holderOf(home, messageId)) === by;

/** Replaces what each change answers. */
const answersWith = (spoil: (answers: readonly Answer[], home: MemoryStore) => Promise<Answer[]>) =>
  commits(async (commit, home) => ({
    ...commit,
    changes: await Promise.all(
      commit.changes.map(async (change) => ({
        ...change,
        answers: await spoil(change.answers, home),
      })),
    ),
  }));

const keptOf = async (home: MemoryStore, answers: readonly Answer[]) => {
  const isKept = await Promise.all(answers.map((answer) => isHeld(home, answer)));
  return answers.filter((_, at) => isKept[at]);
};

const defects: Defects = {
  "keeps a change whose message was answered": [
    answersWith(async (answers, home) => {
      const holders = await Promise.all(answers.map(({ messageId }) => holderOf(home, messageId)));
      return answers.filter((_, at) => holders[at] !== undefined);
    }),
    /a change whose message was answered already is refused/,
    /a new instance whose message was answered already is refused/,
    /answers several messages/,
  ],
  "keeps a change whose message another worker has": [
    answersWith(asHolder),
    /a change whose message was handed on is refused/,
    /a change whose message passed to a claimant is refused/,
    /a new instance whose message was handed on is refused/,
    /a new instance whose message passed to a claimant is refused/,
    /in a worker's place/,
  ],
  "refuses a whole commit for a message that is gone": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const answers = commit.changes.flatMap((change) => change.answers);
        const kept = await keptOf(this.home, answers);
        if (kept.length === answers.length) return super.commit(commit);
        return commit.changes.map(({ instanceId }) => instanceId);
      }
    },
    /a change whose message was answered already is refused/,
    /a new instance whose message was answered already is refused/,
  ],
  "looks at messages, and writes later": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const answers = commit.changes.flatMap((change) => change.answers);
        const seen = await keptOf(this.home, answers);
        await nextTurn();
        const now = await keptOf(this.home, seen);
        const isLostMeanwhile = (answer: Answer) => seen.includes(answer) && !now.includes(answer);
        const changes = commit.changes.map((change) => ({
          ...change,
          answers: change.answers.filter((answer) => !isLostMeanwhile(answer)),
        }));
        return this.home.commit({ ...commit, changes });
      }
    },
    /of changes that answer one message at the same moment/,
    /of commits of one change each that answer/,
    /of a handover and a change that answers/,
    /who takes it for gone/,
  ],
  "looks at the messages of all changes first": [
    class extends RemoteStore {
      override async commit({ changes, ...rest }: Commit) {
        const answers = await keptOf(
          this.home,
          changes.flatMap((change) => change.answers),
        );
        const isRefused = (change: Change) =>
          change.answers.some((answer) => !answers.includes(answer));
        const refused = changes.filter(isRefused).map(({ instanceId }) => instanceId);
        const kept = changes.filter((change) => !isRefused(change));
        const unanswered = kept.map((change) => ({ ...change, answers: [] }));
        const more = { ...rest, changes: unanswered, answers: [...rest.answers, ...answers] };
        return [...refused, ...(await super.commit(more))];
      }
    },
    /of two changes of one commit that answer/,
    /an answer of a refused change is not given/,
    /answers several messages/,
  ],
  "uses up the messages of changes that it refuses": [
    class extends RemoteStore {
      override async commit(commit: Commit) {
        const refused = new Set(await super.commit(commit));
        const changes = commit.changes.filter(({ instanceId }) => refused.has(instanceId));
        const answers = changes.flatMap((change) => change.answers);
        await super.commit({ changes: [], sent: [], answers, handedOn: [], dismissed: [] });
        return [...refused];
      }
    },
    /an answer of a refused change is not given/,
    /answers several messages/,
  ],
  "sees to messages before it sees to versions": [
    class extends RemoteStore {
      readonly #used = new Set<string>();

      override async commit(commit: Commit) {
        const isUsed = ({ messageId }: Answer) => this.#used.has(messageId);
        const refused: string[] = [];
        const changes: Change[] = [];
        for (const change of commit.changes) {
          if (change.answers.some(isUsed)) refused.push(change.instanceId);
          else changes.push(change);
          for (const { messageId } of change.answers) this.#used.add(messageId);
        }
        return [...refused, ...(await super.commit({ ...commit, changes }))];
      }
    },
    /refused for its version does not use its message up/,
    /answers several messages/,
  ],
  "remembers the owners of changes that it refused": [
    class extends RemoteStore {
      readonly #owners = new Map<string, string | undefined>();

      override async commit(commit: Commit) {
        const ids = commit.changes.map(({ instanceId }) => instanceId);
        const stored = new Map<string, string | undefined>();
        for (const { owner, rows } of await this.home.load(ids))
          stored.set(rows.instance.id, owner);
        const changes = commit.changes.map((change) => {
          const { instanceId, owner } = change;
          const isSame = this.#owners.has(instanceId) && this.#owners.get(instanceId) === owner;
          this.#owners.set(instanceId, owner);
          return isSame ? { ...change, owner: stored.get(instanceId) } : change;
        });
        return super.commit({ ...commit, changes });
      }
    },
    /leave the owner and the version of an instance/,
  ],
  "takes an answer of no change from anybody": [
    commits(async (commit, home) => ({
      ...commit,
      answers: await asHolder(commit.answers, home),
    })),
    /of no change whose message was handed on/,
    /of no change whose message passed to a claimant/,
  ],
  "lets anybody hand a message on": [
    commits(async (commit, home) => ({
      ...commit,
      handedOn: await asHolder(commit.handedOn, home),
    })),
    /of no change whose message was handed on/,
    /of no change whose message passed to a claimant/,
  ],
  "answers anew what was answered": [
    commits(async (commit, home) => {
      const sent = [...commit.sent];
      for (const { messageId: id, by: to, from } of commit.answers) {
        const isGone = (await holderOf(home, id)) === undefined;
        if (isGone) sent.push({ id, instanceId: "order", to, from, at: 0, command: null });
      }
      return { ...commit, sent };
    }),
    /of no change whose message was answered already/,
  ],
  "hands a message on without a word": [
    class Mute extends RemoteStore {
      static isMute = false;

      override async commit(commit: Commit) {
        await nextTurn();
        Mute.isMute = commit.handedOn.length > 0;
        return this.home.commit(commit);
      }

      override listen(workerId: string, listener: (news: News) => void) {
        return super.listen(workerId, (news) => Mute.isMute || listener(news));
      }
    },
    /told of a message that is handed on/,
  ],
  "sends anew what is handed on": [
    commits(async (commit, home) => {
      const { messages } = await home.receive("worker-b");
      const recipients = new Map(commit.handedOn.map(({ messageId, to }) => [messageId, to]));
      const sent = messages.flatMap((message) => {
        const to = recipients.get(message.id);
        return to === undefined ? [] : { ...message, to };
      });
      const ended = sent.map(({ id }) => ({ messageId: id, by: "worker-b", from: undefined }));
      const answers = ended.map((answer) => ({ ...answer, outcome: null }));
      await home.commit({ changes: [], sent: [], answers, handedOn: [], dismissed: [] });
      return { ...commit, handedOn: [], sent: [...commit.sent, ...sent] };
    }),
    /is another worker's, otherwise the same, in its place/,
  ],
  "tells who gave an answer": [
    class extends RemoteStore {
      override async receive(workerId: string) {
        const { messages, answers } = await super.receive(workerId);
        return { messages, answers: answers.map((answer) => ({ ...answer, by: "worker-b" })) };
      }
    },
    /an answer replaces its message/,
  ],
};

findDefects("the contract finds a store that, of messages,", defects);
