/**
 * `@langchain/langgraph` with its SQLite checkpointer. A checkpoint is written before the next step
 * starts (`durability: "sync"`; by itself it would only be begun by then), and reaches the disk.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { temporaryFolder } from "../disk.ts";
import { peerFigures } from "./work.ts";

peerFigures("langgraph.sqlite", { besides: "tandem.sqlite" }, async (work, afterwards) => {
  const { Annotation, END, START, StateGraph } = await import("@langchain/langgraph");
  const { SqliteSaver } = await import("@langchain/langgraph-checkpoint-sqlite");
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(join(temporaryFolder(afterwards), "bench.db"));
  afterwards(() => void database.close());
  database.pragma("journal_mode = WAL");
  // The driver is built with NORMAL, which syncs only now and then.
  database.pragma("synchronous = FULL");

  // A sum is the cheapest state that steps side by side may all change.
  const sum = Annotation<number>({ reducer: (left, right) => left + right, default: () => 0 });
  const step = async () => ({ sum: 1 });
  const nodesOf = (count: number) => Array.from({ length: count }, (_, index) => `step_${index}`);
  const count = work.type === "group" ? work.size + 2 : work.steps;
  const nodes = nodesOf(count);
  const graph = new StateGraph(Annotation.Root({ sum })).addNode(
    Object.fromEntries(nodes.map((name) => [name, step])),
  );
  const first = nodes[0] ?? "";
  const last = nodes.at(-1) ?? "";
  graph.addEdge(START, first);
  if (work.type === "group") {
    const members = nodes.slice(1, -1);
    for (const member of members) graph.addEdge(first, member);
    graph.addEdge(members, last);
  } else {
    for (const [index, node] of nodes.slice(1).entries()) graph.addEdge(nodes[index] ?? "", node);
  }
  graph.addEdge(last, END);
  const program = graph.compile({ checkpointer: new SqliteSaver(database) });

  const runOne = async () => {
    const state = await program.invoke(
      { sum: 0 },
      { configurable: { thread_id: randomUUID() }, durability: "sync", recursionLimit: 100 },
    );
    if (state.sum !== count) throw new Error(`${state.sum} of ${count} steps ran.`);
  };
  return async () => {
    await Promise.all(Array.from({ length: work.atOnce }, runOne));
  };
});
