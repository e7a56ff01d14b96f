import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  // It is served below any path: everything is named relative to the page.
  base: "./",
  plugins: [react()],
  resolve: {
    alias: { "tandem-workflows/client": here("../src/http/client.ts") },
    conditions: ["tandem-source", "module", "browser", "development|production"],
  },
  build: {
    outDir: here("../dist/dashboard"),
    emptyOutDir: true,
    target: "es2023",
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    // The layout engine is large, in a worker, and loaded only where a graph is shown.
    chunkSizeWarningLimit: 1700,
  },
  worker: { format: "es" },
});
