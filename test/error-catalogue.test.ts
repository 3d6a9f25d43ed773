import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { errorEntries } from "../core/error-codes/index.js";
import { packageRoot } from "../core/package-root.js";
import { root, sources } from "./support/source-imports.js";

const FOLDERS = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];

/** Files that make errors of the codes of others: they carry them across processes, or complete them. */
const CARRIERS = ["core/errors.ts", "core/error-transfer.ts", "api/remote-cache/fetch-layer.ts", "api/session/store-worker.ts"];
/** Folders whose errors still stand where they are thrown, with their number. The numbers only shrink. */
const INLINE = JSON.parse(readFileSync(join(root, "test", "inline-errors.json"), "utf8")) as Readonly<Record<string, number>>;

const texts = new Map(FOLDERS.flatMap((folder) => [...sources(folder)]).map((file) => [file, readFileSync(join(root, file), "utf8")]));
const isErrorsFile = (file: string): boolean => /(^|[/-])errors\.ts$/.test(file) || file.includes("/errors/");

test("errors: docs/errors.md is made from the catalogue", async (t) => {
  const script = (await import(pathToFileURL(join(packageRoot(), "scripts", "error-codes.mjs")).href)) as {
    readonly errorPage: () => Promise<string>;
  };
  t.is(readFileSync(join(root, "docs", "errors.md"), "utf8"), await script.errorPage(), "run: node scripts/error-codes.mjs --write");
});

test("errors: every code of the catalogue is made somewhere, and says what it is", (t) => {
  const helper = [...sources("executor-native/helper", ".c"), ...sources("executor-native/helper", ".h")]
    .map((file) => readFileSync(join(root, file), "utf8"))
    .join("\n");
  const all = [...texts].filter(([file]) => !file.startsWith("core/error-codes/")).map(([, text]) => text);
  for (const [code, { title, cause, wayOut }] of errorEntries()) {
    t.true(helper.includes(`"${code}"`) || all.some((text) => text.includes(`"${code}"`)), `${code}: nothing makes it`);
    t.regex(code, /^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [title, cause, wayOut]) t.true(text.length > 3, code);
    t.false(title.endsWith("."), `${code}: a title has no period`);
    t.regex(cause, /[.!?)]$/, `${code}: a cause is of sentences`);
  }
});

test("errors: none is made but in the errors file of its area", (t) => {
  const found: Record<string, number> = {};
  for (const [file, text] of texts) {
    if (isErrorsFile(file) || CARRIERS.includes(file)) continue;
    const count = [...text.matchAll(/\bnew (TsbuildError|UsageError|RegistryError|HttpError|CacheServiceError)\(/g)].length;
    if (count > 0) found[file] = count;
  }
  for (const [file, count] of Object.entries(found)) {
    t.true(count <= (INLINE[file] ?? 0), `${file} makes ${count} errors where it throws them: put functions into the errors.ts beside it`);
  }
  t.deepEqual(
    Object.keys(INLINE).filter((file) => found[file] !== INLINE[file]),
    [],
    "test/inline-errors.json: lower the number, or strike the file off",
  );
});
