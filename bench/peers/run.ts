/** Measures: `npm run bench -- [--only PREFIX] [--json]`. `README.md` says how to read the result. */
import { runFigures } from "../runner.ts";
import "./tandem.ts";
import "./dbos.ts";
import "./langgraph.ts";
import "./openworkflow.ts";

await runFigures(import.meta.filename);
