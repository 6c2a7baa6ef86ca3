import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { defineConfig } from "vite";

import { budget, serviceWorker } from "./build.mjs";

const here = import.meta.dirname;

export default defineConfig({
  root: here,
  resolve: {
    alias: { "@spacedly/client": resolve(here, "../typescript/src/index.ts") },
    // The client's own sources resolve their one dependency here, in one copy.
    dedupe: ["openapi-fetch", "preact"],
  },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    // The policy of the page allows no data: URLs in styles or scripts.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  plugins: [serviceWorker(readFileSync(resolve(here, "service-worker.js"), "utf8")), budget()],
});
