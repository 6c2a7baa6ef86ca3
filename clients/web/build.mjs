// What Vite does not do by itself: the service worker with its list of files, and the budget of script.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** Most bytes of script, gzipped, that a visitor loads. */
export const SCRIPT_BUDGET = 100 * 1024;

/** Writes sw.js, which keeps the files of this build, and nothing else. */
export function serviceWorker(source) {
  return {
    name: "spacedly-service-worker",
    apply: "build",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => !name.endsWith(".html")).map((name) => `/${name}`);
      const kept = ["/", "/theme.js", "/icon.svg", "/manifest.webmanifest", ...files].toSorted();
      const version = createHash("sha256").update(JSON.stringify(kept)).digest("hex").slice(0, 16);
      const head = `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(kept)};\n`;
      this.emitFile({ type: "asset", fileName: "sw.js", source: head + source });
    },
  };
}

/** Fails the build when the script grows beyond its budget, and prints what there is. */
export function budget() {
  return {
    name: "spacedly-budget",
    apply: "build",
    generateBundle(_, bundle) {
      const sizes = { script: 0, style: 0 };
      for (const file of Object.values(bundle)) {
        const text = file.type === "chunk" ? file.code : file.source;
        if (file.fileName.endsWith(".js") && file.fileName !== "sw.js") sizes.script += gzipSync(text).length;
        if (file.fileName.endsWith(".css")) sizes.style += gzipSync(text).length;
      }
      this.info(`script ${sizes.script} bytes, style ${sizes.style} bytes (gzip)`);
      this.emitFile({ type: "asset", fileName: "sizes.json", source: JSON.stringify({ ...sizes, budget: SCRIPT_BUDGET }) });
      if (sizes.script > SCRIPT_BUDGET) this.error(`The script is ${sizes.script} bytes (gzip), over ${SCRIPT_BUDGET}.`);
    },
  };
}
