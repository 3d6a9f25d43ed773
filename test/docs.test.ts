import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { errorEntries } from "../core/error-codes/index.js";
import { packageRoot } from "../core/package-root.js";
import { sources } from "./support/source-imports.js";
import { PROGRAM } from "./support/program-folders.js";

const root = packageRoot();

const SOURCES = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];

function* markdown(directory: string): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !["node_modules", "dist", "build", ".git", "cases"].includes(entry.name)) yield* markdown(path);
    else if (entry.name.endsWith(".md")) yield path;
  }
}

const pages = [...markdown(".")].map(normalize).map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));

/** Folders that are lists of things of one kind, which the page of the folder above explains. */
const TABLES: ReadonlySet<string> = new Set(["frontend/dockerfile/lint/rules"]);

/** Returns GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .replace(/[`*]/g, "")
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

test("prose has 100 columns", (t) => {
  const long: string[] = [];
  for (const { path, text } of pages) {
    let inCode = false;
    for (const [index, line] of text.split("\n").entries()) {
      if (/^\s*```/.test(line)) inCode = !inCode;
      // A row of a table is one line. A span of code and an address cannot be broken.
      const isProse = !inCode && !/^\s*\|/.test(line);
      if (isProse && line.replace(/`[^`]*`|\]\([^)]*\)/g, "").length > 100) long.push(`${path}:${index + 1}`);
    }
  }
  t.deepEqual(long, []);
});

test("links between pages lead somewhere", (t) => {
  const broken: string[] = [];
  for (const { path, text } of pages) {
    for (const found of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const link = found[1] as string;
      if (/^(https?|mailto):/.test(link)) continue;
      const [file = "", fragment] = link.split("#");
      const target = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(root, target))) {
        broken.push(`${path}: ${link}`);
        continue;
      }
      if (fragment === undefined || statSync(join(root, target)).isDirectory()) continue;
      const headings = [...readFileSync(join(root, target), "utf8").matchAll(/^#+\s+(.*)$/gm)].map((heading) =>
        anchor(heading[1] as string),
      );
      if (!headings.includes(fragment)) broken.push(`${path}: ${link}`);
    }
  }
  t.deepEqual(broken, []);
});

test("files that pages name exist", (t) => {
  const missing: string[] = [];
  const path = /`((?:core|llb|oci|frontend|cache|executor-native|solver|exporters|api|cli|test|bench|docs|scripts|examples)\/[\w./-]*)`/g;
  for (const page of pages) {
    for (const found of page.text.matchAll(path)) {
      const name = found[1] as string;
      // `cli/usage` is an error code; a path has an extension or ends with a slash.
      if (/(\/|\.\w+)$/.test(name) && !existsSync(join(root, name))) missing.push(`${page.path}: ${name}`);
    }
  }
  t.deepEqual(missing, []);
});

test("files that a folder's page names exist in or below it", (t) => {
  const missing = pages
    .filter(({ path }) => path.endsWith("/README.md") && PROGRAM.some((top) => path.startsWith(`${top}/`)))
    .flatMap(({ path, text }) => {
      const below = readdirSync(join(root, dirname(path)), { recursive: true, encoding: "utf8" });
      const names = new Set(below.flatMap((name) => [name, basename(name)]));
      return [...text.matchAll(/`([\w./-]+\.(?:ts|c|h|cjs|mjs|sh|def))`/g)]
        .map((found) => found[1] as string)
        .filter((name) => !names.has(name))
        .filter((name) => !existsSync(join(root, dirname(path), name)) && !existsSync(join(root, name)))
        .map((name) => `${path}: ${name}`);
    });
  t.deepEqual(missing, []);
});

test("a folder's page names the folders in it", (t) => {
  const unnamed = pages
    .filter(({ path }) => path.endsWith("/README.md") && PROGRAM.some((top) => path.startsWith(`${top}/`)))
    .flatMap(({ path, text }) =>
      readdirSync(join(root, dirname(path)), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !text.includes(`${entry.name}/`))
        .map((entry) => `${path}: ${entry.name}/`),
    );
  t.deepEqual(unnamed, []);
});

test("every folder of sources has a page that says what lives there", (t) => {
  const folders = PROGRAM.flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: "utf8" }).map((name) => join(top, name)),
  )
    .filter((file) => /\.(ts|c|mjs)$/.test(file))
    .map((file) => dirname(file))
    .filter((folder) => !TABLES.has(folder));
  t.deepEqual(
    [...new Set(folders)].filter((folder) => !existsSync(join(root, folder, "README.md"))),
    [],
  );
});

test("examples/ci/seccomp.json is made from the calls that steps may make", async (t) => {
  const { seccompProfile } = (await import(pathToFileURL(join(root, "scripts/generate/seccomp-profile.mjs")).href)) as {
    readonly seccompProfile: () => string;
  };
  t.deepEqual(JSON.parse(readFileSync(join(root, "examples/ci/seccomp.json"), "utf8")), JSON.parse(seccompProfile()));
});

test("npm scripts that pages name exist", (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm (?:run (?:-s )?)([a-z][\w:-]*)/g)]
      .map((found) => found[1] as string)
      .filter((name) => !(name in scripts))
      .map((name) => `${path}: npm run ${name}`),
  );
  t.deepEqual(missing, []);
});

test("the lists of lint rules are those that their pages lead to", async (t) => {
  const script = (await import(pathToFileURL(join(root, "scripts", "lint-rules.mjs")).href)) as {
    readonly lintRuleLists: () => ReadonlyMap<string, string>;
  };
  for (const [file, text] of script.lintRuleLists()) t.is(readFileSync(file, "utf8"), text, "run: node scripts/lint-rules.mjs --write");
});

test("errors: docs/errors.md is made from the catalogue", async (t) => {
  const script = (await import(pathToFileURL(join(root, "scripts", "error-codes.mjs")).href)) as {
    readonly errorPage: () => Promise<string>;
  };
  t.is(readFileSync(join(root, "docs", "errors.md"), "utf8"), await script.errorPage(), "run: node scripts/error-codes.mjs --write");
});

test("errors: every code of the catalogue is made somewhere, and says what it is", (t) => {
  const all = SOURCES.flatMap((folder) => [".ts", ".c", ".h"].flatMap((extension) => [...sources(folder, extension)]))
    .filter((file) => !file.startsWith("core/error-codes/"))
    .map((file) => readFileSync(join(root, file), "utf8"));
  for (const [code, { title, cause, wayOut }] of errorEntries()) {
    t.true(
      all.some((text) => text.includes(`"${code}"`)),
      `${code}: nothing makes it`,
    );
    t.regex(code, /^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [title, cause, wayOut]) t.true(text.length > 3, code);
    t.false(title.endsWith("."), `${code}: a title has no period`);
    t.regex(cause, /[.!?)]$/, `${code}: a cause is of sentences`);
  }
});

test("errors: every code of the sandbox program, which no compiler checks, is in the catalogue", (t) => {
  const codes = [...sources("executor-native/helper", ".c"), ...sources("executor-native/helper", ".h")].flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/"(exec\/[a-z-]+)"/g)].map((found) => found[1] as string),
  );
  t.true(codes.length > 20);
  t.deepEqual(
    codes.filter((code) => !errorEntries().has(code)),
    [],
  );
});
