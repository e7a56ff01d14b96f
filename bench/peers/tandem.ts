/** Tandem itself, from its sources, on both of its durable stores. */
import {
  type CreateDatabase,
  createPostgres,
  createSqlite,
  engineOn,
  runToEnd,
} from "../stores.ts";
import { chain, group } from "../workflows.ts";
import { type Prepare, peerFigures } from "./work.ts";

function prepareOn(create: CreateDatabase): Prepare {
  return async (work, afterwards) => {
    const definition = work.type === "group" ? group(work.size) : chain(work.steps);
    const database = await create(afterwards);
    const engine = engineOn(await database.open(), definition);
    afterwards(() => engine.close());
    return async () => {
      const runs = Array.from({ length: work.atOnce }, () => runToEnd(engine, definition.name));
      await Promise.all(runs);
    };
  };
}

peerFigures("tandem.sqlite", {}, prepareOn(createSqlite));
peerFigures("tandem.postgres", {}, prepareOn(createPostgres));
