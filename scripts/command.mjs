// The command's program as scripts for cli/launcher.cjs: its modules as esbuild splits them into
// chunks, each the text of a function (exports, require, module, __launcher). The chunks of the
// start are packed into one script, see `packChunks`; the others are files.
import { join } from "node:path";
import { build, transform } from "esbuild";

/** Returns the texts of all chunks by name. `main` is where the program begins. */
export async function commandChunks(shared) {
  const { outputFiles } = await build({
    ...shared,
    entryPoints: { main: "cli/main.ts" },
    outdir: join(shared.absWorkingDir, "dist", "command"),
    write: false,
    format: "esm",
    splitting: true,
    // All chunks are in one folder, so that each has the same name for every importer.
    chunkNames: "[name]-[hash]",
    define: { "import.meta.url": "__launcher.url", performance: "__launcher.performance" },
  });
  const chunks = await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.js$/, "");
      const { code } = await transform(text.replace(/^#!.*\n/, ""), {
        ...transformed(shared),
        format: "cjs",
        supported: { "dynamic-import": false },
        sourcefile: path,
      });
      return [name, `function (exports, require, module, __launcher) {${withPlainExports(code, name)}}`];
    }),
  );
  return new Map(chunks);
}

/**
 * Replaces getters of exports by plain properties. esbuild makes a getter of each export, and
 * copies them all onto another object with another getter, because an export may change later.
 * Chunks never import each other in circles, and no module of ours assigns to its exports, so
 * properties that are set when the chunk has run do.
 */
function withPlainExports(code, name) {
  let exported;
  const rest = code
    .replace(/__export\((\w+),\{([^}]*)\}\);module\.exports=__toCommonJS\(\1\);/, (_, _object, getters) => {
      exported = getters.replaceAll(":()=>", ":");
      return "";
    })
    .replace(/0&&\(module\.exports=\{[^}]*\}\);\s*$/, "");
  // A module that runs lazily sets its exports after its chunk.
  if ((exported === undefined && code.includes("__export(")) || code.includes("__esm("))
    throw new Error(`esbuild writes the exports of ${name} in a form that is not known here`);
  return exported === undefined ? rest : `${rest};module.exports={__esModule:!0,${exported}}`;
}

/**
 * Returns one script with these chunks: an object of functions. `table` has the pack of each chunk
 * that is in another one.
 */
export function packChunks(chunks, names, table) {
  const packed = names.map((name) => `${JSON.stringify(name)}: ${chunks.get(name)}`);
  if (table) packed.push(`packs: ${JSON.stringify(table)}`);
  return `({\n${packed.join(",\n")}\n})`;
}

function transformed({ platform, target, minifySyntax, minifyWhitespace, legalComments }) {
  return { platform, target, minifySyntax, minifyWhitespace, legalComments };
}
