import {
  humanStep,
  type LocalExecutionEngine,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  TimerStep,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { SharedStore } from "../simulation/faulty-store.ts";
import { Connection } from "../support/connection.ts";
import { flow, Workshop } from "../support/workshop.ts";

/** Many act at the same moment; `engine` says through which engine the n-th does. */
interface Stage {
  readonly shop: Workshop;
  engine(n: number): LocalExecutionEngine;
}

const places: [string, () => Promise<Stage>][] = [
  [
    "one engine",
    async () => {
      const shop = new Workshop();
      return { shop, engine: () => shop.engine };
    },
  ],
  [
    "two engines on one store",
    async () => {
      const shared = new SharedStore(() => {});
      const shop = new Workshop({ store: new Connection(shared).store });
      const other = shop.newEngine({ store: new Connection(shared).store });
      await shop.engine.recover();
      await other.recover();
      await shop.advance(1_000);
      return { shop, engine: (n) => (n % 2 === 0 ? shop.engine : other) };
    },
  ],
];

const legal = { candidateGroups: ["legal"] };
const person = (n: number) => ({ userId: `user${n}`, groups: ["legal"] });
const ask = { instanceId: "one", stepName: "ask" };

/** What each was told: "ok", or the code of the refusal. */
async function told(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((each) => (each.status === "fulfilled" ? "ok" : each.reason.code));
}

const times = <Value>(count: number, make: (n: number) => Value): Value[] =>
  Array.from({ length: count }, (_, n) => make(n));

const sorted = (codes: readonly string[]) => [...new Set(codes)].sort();

describe.each(places)("on %s", (_place, stage) => {
  const complete = ({ engine }: Stage, n: number, which: object = ask, data: object = { n }) =>
    engine(n).completeHumanTask({ ...which, ...person(n), data });

  /** The history says the same as what people were told. */
  const actsOf = async ({ shop }: Stage, type: string) => {
    const acts = await shop.store.listActs({ instanceId: "one", limit: 1000 });
    return acts.flatMap(({ act }) => (act.type === type ? [act.user] : []));
  };

  test("of many who complete one task one does, and the others learn by whom", async () => {
    const place = await stage();
    await place.shop.start(flow({ ask: humanStep("ask", legal) }), { instanceId: "one" });
    const answers = await told(times(20, (n) => complete(place, n)));
    const winner = answers.indexOf("ok");
    expect(answers).toEqual(times(20, (n) => (n === winner ? "ok" : "TASK_GONE")));
    expect(await place.shop.data()).toEqual({ ask: { n: winner } });
    expect(await actsOf(place, "task-completed")).toEqual([`user${winner}`]);
  });

  test("of many who claim one task one does", async () => {
    const place = await stage();
    await place.shop.start(flow({ ask: humanStep("ask", legal) }), { instanceId: "one" });
    const claim = (n: number) => place.engine(n).tasks.claim({ ...ask, ...person(n) });
    const answers = await told(times(20, claim));
    const winner = answers.indexOf("ok");
    expect(answers).toEqual(times(20, (n) => (n === winner ? "ok" : "TASK_CLAIMED")));
    const task = await place.engine(1).tasks.get("one/1");
    expect(task.assignee).toBe(`user${winner}`);
    expect(await actsOf(place, "task-claimed")).toEqual([`user${winner}`]);
  });

  test.each([0, 1])(
    "a claim and a reassignment leave it with the later one (%i)",
    async (first) => {
      const place = await stage();
      await place.shop.start(flow({ ask: humanStep("ask", legal) }), { instanceId: "one" });
      const calls = [
        () => place.engine(0).tasks.claim({ ...ask, ...person(0) }),
        () => place.engine(1).tasks.reassign({ ...ask, ...person(1), to: "cid" }),
      ];
      const order = first === 0 ? calls : calls.toReversed();
      const answers = await told(order.map((call) => call()));
      const claimed = answers[first];
      const reassigned = answers[1 - first];
      const task = await place.engine(0).tasks.get("one/1");
      if (reassigned === "ok") {
        // The claim came before and was overtaken only by one who may: nobody but its claimer.
        expect(task.assignee).toBe("cid");
        expect(claimed).toBe("NOT_ALLOWED");
      } else {
        expect([claimed, reassigned, task.assignee]).toEqual(["ok", "TASK_CLAIMED", "user0"]);
      }
    },
  );

  test("of a claim and completions by others at most one counts", async () => {
    const place = await stage();
    await place.shop.start(flow({ ask: humanStep("ask", legal) }), { instanceId: "one" });
    const calls = [
      place.engine(0).tasks.claim({ ...ask, ...person(0) }),
      ...times(6, (n) => complete(place, n + 1)),
    ];
    const [claimed, ...completed] = await told(calls);
    expect([claimed, ...completed].filter((answer) => answer === "ok")).toHaveLength(1);
    const reason = claimed === "ok" ? "TASK_CLAIMED" : "TASK_GONE";
    expect(sorted([claimed as string, ...completed])).toEqual(["ok", reason].sort());
  });

  test("a quorum that is reached takes no further vote", async () => {
    const place = await stage();
    const votes = times(9, (n) => humanStep(`vote${n}`, legal));
    const vote = new QuorumGroup(votes, { required: 5 });
    await place.shop.start(flow({ vote }), { instanceId: "one" });
    const calls = times(9, (n) =>
      complete(place, n, { instanceId: "one", stepName: `vote/vote${n}` }),
    );
    const answers = await told(calls);
    expect(answers.filter((answer) => answer === "ok")).toHaveLength(5);
    expect(sorted(answers)).toEqual(["TASK_GONE", "ok"]);
    expect(await place.shop.status()).toBe("completed");
    const voters = answers.flatMap((answer, n) => (answer === "ok" ? [`vote${n}`] : []));
    expect(Object.keys(await place.shop.data()).sort()).toEqual(voters);
  });

  test("a completion and a cancellation: what was told is what is kept", async () => {
    const place = await stage();
    const steps = { ask: humanStep("ask", legal), next: humanStep("next") };
    await place.shop.start(flow(steps, ["ask -> next"]), { instanceId: "one" });
    const cancel = place.engine(1).cancelWorkflow("one", { userId: "root" });
    const [completed, canceled] = await told([complete(place, 0), cancel]);
    expect(canceled).toBe("ok");
    expect(await place.shop.status()).toBe("canceled");
    const data = completed === "ok" ? { ask: { n: 0 } } : {};
    expect(["ok", "TASK_GONE"]).toContain(completed);
    expect(await place.shop.data()).toEqual(data);
  });

  test("a decision and a deadline: one of them ends the race", async () => {
    const place = await stage();
    const late = new TimerStep({ name: "late", durationMs: 5_000 });
    const race = new RaceGroup([humanStep("ask", legal), late]);
    await place.shop.start(flow({ race }), { instanceId: "one" });
    const decision = complete(place, 0, { instanceId: "one", stepName: "race/ask" });
    const [[decided]] = await Promise.all([told([decision]), place.shop.advance(5_000)]);
    expect(await place.shop.status()).toBe("completed");
    const winner = (await place.shop.view()).result("race") as { winner: string };
    expect(winner.winner).toBe(decided === "ok" ? "ask" : "late");
    expect(["ok", "TASK_GONE"]).toContain(decided);
  });

  test("hundreds of approvals in one group are all recorded, each once", async () => {
    const place = await stage();
    const count = 300;
    const group = new ParallelGroup(times(count, (n) => humanStep(`a${n}`, legal)));
    await place.shop.start(flow({ group, end: humanStep("end") }, ["group -> end"]), {
      instanceId: "one",
    });
    const calls = times(2 * count, (n) =>
      complete(place, n, { instanceId: "one", stepName: `group/a${n % count}` }, { n }),
    );
    const answers = await told(calls);
    for (let n = 0; n < count; n++) {
      expect([answers[n], answers[n + count]].sort()).toEqual(["TASK_GONE", "ok"]);
    }
    const data = await place.shop.data();
    expect(Object.keys(data)).toHaveLength(count);
    const winners = times(count, (n) => (answers[n] === "ok" ? n : n + count));
    expect(times(count, (n) => data[`a${n}`])).toEqual(winners.map((n) => ({ n })));
    expect(await place.shop.openTasks()).toEqual(["end"]);
    expect((await actsOf(place, "task-completed")).toSorted()).toEqual(
      winners.map((n) => `user${n}`).toSorted(),
    );
  });
});
