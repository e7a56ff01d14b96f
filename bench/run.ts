/** Measures: `npm run bench -- [--only PREFIX] [--json]`. `README.md` says how to read the result. */
import { runFigures } from "./runner.ts";
import "./handwritten.ts";
import "./memory.ts";
import "./raw-sqlite.ts";
import "./raw-postgres.ts";
import "./sqlite.ts";
import "./postgres.ts";
import "./http.ts";
import "./decisions.ts";
import "./inbox.ts";

await runFigures(import.meta.filename);
