import { execFileSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const { resolve: find } = createRequire(import.meta.url);

/** Builds the dashboard unless its built files are newer than all that they are made of. */
export function buildDashboard(): void {
  const built = resolve(root, "dist/dashboard/index.html");
  const sources = [
    ...globSync("dashboard/{src,public}/**/*.*", { cwd: root }),
    ...globSync("src/http/{client,client-types,request-sender,stream-reader,paths}.ts", {
      cwd: root,
    }),
    "dashboard/index.html",
    "dashboard/vite.config.ts",
    "src/errors.ts",
  ].map((path) => statSync(resolve(root, path)).mtimeMs);
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...sources)) return;
  const vite = resolve(find("vite/package.json"), "../bin/vite.js");
  const options = ["build", "dashboard", "--config", "dashboard/vite.config.ts"];
  execFileSync(process.execPath, [vite, ...options, "--logLevel", "error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
}
