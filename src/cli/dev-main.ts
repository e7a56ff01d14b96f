import type { DevSettings } from "./dev-messages.ts";
import { serve } from "./dev-process.ts";
import { hideExperimentalWarnings } from "./main.ts";

hideExperimentalWarnings();
await serve(JSON.parse(process.argv[2] ?? "{}") as DevSettings);
