// Makes the library of dist/: index and llb, which share their chunks, and the programs of the
// worker and of threads.
//   index.cjs   the library; every Node that tsbuild runs on can require it
//   index.js    the same module for `import`
//   worker.cjs  the worker process; one file, see bundlePrograms
//   thread.cjs  threads there and in the main process; one file
// Names of index.js are taken from index.cjs, so that a program which imports it and whose packages
// require it has one library with one state, and `instanceof` holds.
import { basename, dirname, join, relative } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { build, transform } from "esbuild";

/** Modules that programs import, by the name of their file. */
const MODULES = { index: "api/index.ts", llb: "llb/index.ts" };
const PROGRAMS = { worker: "api/session/worker-entry.ts", thread: "api/session/thread-entry.ts" };

/** Stands in a chunk for `import.meta.url`. */
const URL_NAME = "__moduleUrl";
const URL_LINE = `"use strict";const ${URL_NAME}=require("node:url").pathToFileURL(__filename).href;`;

export async function bundleLibrary(shared, outdir) {
  await Promise.all([bundleModules(shared, outdir), bundlePrograms(shared, outdir)]);
}

async function bundleModules(shared, outdir) {
  const { outputFiles, metafile } = await build({
    ...shared,
    entryPoints: MODULES,
    outdir,
    write: false,
    metafile: true,
    format: "esm",
    // Every dynamic import becomes a file of its own that is read when it is needed, and code is
    // shared between the entries.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    outExtension: { ".js": ".cjs" },
    define: { "import.meta.url": URL_NAME },
  });
  const { platform, target, minifySyntax, minifyWhitespace, legalComments } = shared;
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      platform,
      target,
      minifySyntax,
      minifyWhitespace,
      legalComments,
      format: "cjs",
      supported: { "dynamic-import": false },
      sourcefile: basename(path),
    });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code.includes(URL_NAME) ? URL_LINE + code : code);
  }
  for (const name of Object.keys(MODULES)) {
    const file = relative(shared.absWorkingDir, join(outdir, `${name}.cjs`));
    writeFileSync(join(outdir, `${name}.js`), wrapper(name, metafile.outputs[file].exports));
  }
}

/**
 * Bundles each program as one file. Note that they share no chunks with the library, because a
 * process or thread that looks for forty files takes half as long again to start.
 */
async function bundlePrograms(shared, outdir) {
  await build({
    ...shared,
    entryPoints: PROGRAMS,
    outdir,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    define: { "import.meta.url": URL_NAME },
    banner: { js: URL_LINE },
  });
}

function wrapper(name, names) {
  return `import library from "./${name}.cjs";\nexport const { ${names.toSorted().join(", ")} } = library;\n`;
}
