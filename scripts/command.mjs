// The command's program as scripts for cli/launcher.cjs: its modules as esbuild splits them into
// chunks, each the text of a function (exports, require, module, __launcher). Chunks that a command
// line needs together are one script and one scope, see `packChunks`; all are files too.
import { join } from "node:path";
import { build, transform } from "esbuild";

/**
 * Returns all chunks by name: the text of each as an ES module (`module`), and as a function
 * (`text`). `main` is where the program begins.
 */
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
      const module = text.replace(/^#!.*\n/, "");
      const { code } = await transform(module, { ...transformed(shared), ...AS_FUNCTION, sourcefile: path });
      return [name, { module, text: `function (exports, require, module, __launcher) {${withPlainExports(code, name)}}` }];
    }),
  );
  return new Map(chunks);
}

const AS_FUNCTION = { format: "cjs", supported: { "dynamic-import": false } };

/**
 * Returns the text of a function that runs all of these chunks in one scope, and returns their
 * exports by name. They use each other's functions without exports in between. Chunks that are not
 * among them, and those that they ask for with `import()`, they require as they would alone.
 */
async function joinChunks(shared, chunks, names) {
  const { outputFiles } = await build({
    ...transformed(shared),
    ...AS_FUNCTION,
    bundle: true,
    write: false,
    stdin: { contents: names.map((name, at) => `import * as part${at} from "./${name}.js";\nexport { part${at} };`).join("\n") },
    plugins: [chunkFiles(chunks, new Set(names))],
  });
  return `function (require, __launcher) {${withPlainNamespaces(outputFiles[0].text, names, chunks)}}`;
}

/** Makes files of chunks for esbuild, as far as they are in `names`. */
function chunkFiles(chunks, names) {
  const nameOf = (path) => path.slice("./".length, -".js".length);
  return {
    name: "chunks",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind }) =>
        kind === "import-statement" && path.startsWith("./") && names.has(nameOf(path))
          ? { path, namespace: "chunk" }
          : { path, external: true },
      );
      onLoad({ filter: /./, namespace: "chunk" }, ({ path }) => ({ contents: chunks.get(nameOf(path)).module }));
    },
  };
}

/**
 * Replaces the getters of the chunks' exports, which esbuild makes one after the other, by a
 * returned object with plain properties, see {@link withPlainExports}.
 */
function withPlainNamespaces(code, names, chunks) {
  const isUsed = usedOutside(chunks, new Set(names));
  const getters = (list) => list.split(",").map((getter) => getter.split(":()=>"));
  const list = /__export\(stdin_exports,\{([^}]*)\}\);module\.exports=__toCommonJS\(stdin_exports\);/.exec(code)?.[1] ?? "";
  const nameOf = new Map(getters(list).map(([part, namespace]) => [namespace, names[Number(part.slice("part".length))]]));
  // esbuild leaves out the object of an empty chunk.
  const parts = names.filter((name) => chunks.get(name).module === "").map((name) => `${JSON.stringify(name)}:{}`);
  const rest = code
    .replace(/var (\w+_exports)=\{\};(?:__export\(\1,\{([^}]*)\}\);)?/g, (all, namespace, exported) => {
      const name = nameOf.get(namespace);
      if (name === undefined) return namespace === "stdin_exports" ? "" : all;
      const used = exported === undefined ? [] : getters(exported).filter(([key]) => isUsed(name, key));
      parts.push(`${JSON.stringify(name)}:{${["__esModule:!0", ...used.map((pair) => pair.join(":"))].join()}}`);
      return "";
    })
    .replace("module.exports=__toCommonJS(stdin_exports);", "")
    .replace(/0&&\(module\.exports=\{[^}]*\}\);\s*$/, "");
  if (parts.length !== names.length || /stdin_exports|0&&\(module\.exports=|__esm\(/.test(rest))
    throw new Error("esbuild writes the exports of joined chunks in a form that is not known here");
  return `${withSingleRequires(rest)};return{${parts.join()}}`;
}

/** Requires each module once: esbuild does so for each chunk that imports it. */
function withSingleRequires(code) {
  const variables = new Map();
  return code.replace(/\b(import_\w+)=(require\("[^"]+"\))/g, (all, variable, call) => {
    const first = variables.get(call);
    if (first === undefined) variables.set(call, variable);
    return first === undefined ? all : `${variable}=${first}`;
  });
}

/** Returns a function that knows which exports of the chunks others than these use. */
function usedOutside(chunks, names) {
  const used = new Set();
  for (const [importer, { module }] of chunks) {
    for (const [, name] of module.matchAll(/\bimport\("\.\/([^"]+)\.js"\)/g)) used.add(name);
    if (names.has(importer)) continue;
    for (const [, list, name] of module.matchAll(/\bimport([^"();]*)from"\.\/([^"]+)\.js"/g)) {
      const keys = /^\{(.*)\}$/s.exec(list)?.[1];
      if (keys === undefined) throw new Error(`${importer} imports ${name} in a form that is not known here`);
      for (const key of keys.split(",")) used.add(`${name} ${key.split(" as ")[0]}`);
    }
  }
  return (name, key) => used.has(name) || used.has(`${name} ${key}`);
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

/** Chunk with which the program begins. It runs at every start, the others once. */
const MAIN = "main";

/**
 * Returns the script of a pack: an object with the names of its chunks, the function that runs
 * them, and the function of the main chunk if that is one of them. `table` has the pack of each
 * chunk that is in another one.
 */
export async function packChunks(shared, chunks, names, table = {}) {
  const joined = names.filter((name) => name !== MAIN);
  const parts = [`names: ${JSON.stringify(joined)}`, `table: ${JSON.stringify(table)}`];
  parts.push(`run: ${joined.length === 0 ? "() => ({})" : await joinChunks(shared, chunks, joined)}`);
  if (names.includes(MAIN)) parts.push(`${MAIN}: ${chunks.get(MAIN).text}`);
  return `({\n${parts.join(",\n")}\n})`;
}

function transformed({ platform, target, minifySyntax, minifyWhitespace, legalComments }) {
  return { platform, target, minifySyntax, minifyWhitespace, legalComments };
}
