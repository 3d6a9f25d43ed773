import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../core/package-root.js";
import { commentText, openingFaults, pageFaults, styleFaults } from "./support/comment-style.js";
import { constructorFaults } from "./support/constructor-style.js";
import { declaredWords, definedWords, refusedIn, refusedWords } from "./support/refused-words.js";
import { PROGRAM } from "./support/program-folders.js";

const root = packageRoot();
const FOLDERS = [...PROGRAM, "test"];

function* sources(directory: string, names = /\.(?:ts|mjs)$/): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path, names);
    else if (names.test(entry.name)) yield path;
  }
}

const present = new Set(readdirSync(root));
const folders = FOLDERS.filter((folder) => present.has(folder));
const files = folders.flatMap((folder) => [...sources(folder)]);
const cFiles = folders.flatMap((folder) => [...sources(folder, /\.[ch]$/)]);
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("style: comments keep the rules of docs/style.md", (t) => {
  const wrong = files.flatMap((path) =>
    styleFaults(readFileSync(join(root, path), "utf8")).map(({ line, rule, text }) => `${path}:${line}: ${rule}: ${text}`),
  );
  t.deepEqual(wrong, []);
});

test("style: no sentence of a comment in C begins with What, Of or the like", (t) => {
  const wrong = cFiles.flatMap((path) => openingFaults(read(path)).map(({ line, text }) => `${path}:${line}: ${text}`));
  t.deepEqual(wrong, []);
});

/** Pages that quote refused words, or report the past. */
const FREE_PAGES = new Set(["CHANGELOG.md", "docs/style.md"]);

const pages = [
  ...[...present].filter((name) => name.endsWith(".md")),
  ...[...folders, "docs", "examples"].flatMap((folder) => [...sources(folder, /\.md$/)]),
];

test("style: no sentence of a page begins with What, Of or the like", (t) => {
  const wrong = pages
    .filter((path) => !FREE_PAGES.has(path) && !path.startsWith("test/cases/"))
    .flatMap((path) => pageFaults(read(path)).map(({ line, text }) => `${path}:${line}: ${text}`));
  t.deepEqual(wrong, []);
});

test("style: comments, names and pages do without the refused words of docs/style.md", (t) => {
  const words = refusedWords(read("docs/style.md"));
  t.true(words.length > 5);
  const texts = [
    ...[...files, ...cFiles].map((path) => [path, commentText(read(path))] as const),
    ...files.map((path) => [path, declaredWords(codeOf(path))] as const),
    ...cFiles.map((path) => [path, definedWords(read(path))] as const),
    ...pages.filter((path) => !FREE_PAGES.has(path) && !path.startsWith("test/")).map((path) => [path, read(path)] as const),
  ];
  t.deepEqual(
    texts.flatMap(([path, text]) => refusedIn(text, words).map((found) => `${path}: ${found}`)),
    [],
  );
});

test("style: refused words are found with their endings, over lines, and inside names", (t) => {
  const words = refusedWords(
    "\n## Refused words\n\n| not | but |\n| --- | --- |\n| stand on, stood on | depend on |\n| settle | decide |\n",
  );
  t.deepEqual(words, [
    { word: "stand on", instead: "depend on" },
    { word: "stood on", instead: "depend on" },
    { word: "settle", instead: "decide" },
  ]);
  t.deepEqual(refusedIn("It stands\n on what it stood on.", words), ["stands on (depend on)", "stood on (depend on)"]);
  t.deepEqual(refusedIn("A settling settlement is unsettled.", words), ["settling (decide)"]);
  t.deepEqual(refusedIn(declaredWords(["const is", "Settled = 1;\n  whenStanding(a) {\nconst settings = 2;"].join("")), words), [
    "Settled (decide)",
  ]);
  t.deepEqual(refusedIn(definedWords(["static struct answer *set", "tle_all(int a)\n{\n\tset", "tle(a);"].join("")), words), [
    "settle (decide)",
  ]);
});

test("style: the checks distinguish right from wrong", (t) => {
  const rules = (source: string) => styleFaults(source).map(({ rule }) => rule);
  t.deepEqual(rules("/** Returns the size. */\nexport function size(): number {"), []);
  t.deepEqual(rules("/** The size. */\nexport function size(): number {"), ["verb"]);
  t.deepEqual(rules("/** Bytes of a file. */\n  async size(path: string): Promise<number> {"), ["verb"]);
  t.deepEqual(rules("/** The size. */\nconst size = 1;"), []);
  t.deepEqual(rules("/** Whether it is there. */\nconst there = true;"), ["opening"]);
  t.deepEqual(rules("/** Size of a file. What it takes on disk is another\n * matter. */\nconst size = 1;"), ["opening"]);
  t.deepEqual(rules("  // Where it is there, take it.\n  take();"), ["opening"]);
  t.deepEqual(rules("  // Of two files the younger.\n  take();"), ["opening"]);
  t.deepEqual(rules("  // Take one of two files.\n  take();"), []);
  t.deepEqual(rules(`// ${"word ".repeat(20)}end`), ["columns"]);
  t.deepEqual(rules(`// https://host/${"x".repeat(100)}`), []);
});

test("style: the check of pages reads sentences, not headings, tables and code", (t) => {
  const found = (page: string) => pageFaults(page).map(({ line, text }) => `${line}: ${text}`);
  t.deepEqual(found("# What it is\n\nA text that says\nWhat it is.\n\n| What |\n\n```\nWhat\n```\n\nIt is. Of it all.\n"), [
    "12: Of it all.",
  ]);
  t.deepEqual(found("- **What** is there\n- It is. As ever\n  it was.\n"), ["1: What is there", "2: As ever it was."]);
  t.deepEqual(found("1. Where it is.\n\n> Whose"), ["1: Where it is."]);
});

/** Lines that a file may have. A table has as many as it has rows. */
const MOST_LINES = { source: 300, test: 330 };
const TABLES = new Set(["api/options/table.ts"]);

/** Returns the lines that a file has more than it may. */
function tooLong(path: string, lines: number): number {
  const most = path.startsWith("test/") ? MOST_LINES.test : MOST_LINES.source;
  return TABLES.has(path) ? 0 : Math.max(0, lines - most);
}

test("style: files are short", (t) => {
  const all = [...files, ...cFiles].filter((path) => !path.includes("/cases/"));
  t.true(all.length > 1000);
  const long = all.filter((path) => tooLong(path, read(path).split("\n").length - 1) > 0);
  t.deepEqual(long, [], `more than ${MOST_LINES.source} lines, or ${MOST_LINES.test} in test/: cut by subject`);
  t.deepEqual([tooLong("core/a.ts", 301), tooLong("core/a.ts", 300), tooLong("test/a.ts", 331), tooLong("test/a.ts", 330)], [1, 0, 1, 0]);
});

const EXPORTING = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli"];
/** Folders that only use what others export. */
const USERS = ["test", "bench"];
/** Modules that programs import. */
const PUBLIC = new Set(["api/index.ts", "llb/index.ts"]);

/** An exported value. A type may be exported so that the compiler can name it in a declaration. */
const EXPORT = /^export (?:async )?(?:abstract )?(?:const|function\*?|class|enum) (\w+)/gm;

/** Returns a source without its comments. */
function codeOf(path: string): string {
  return readFileSync(join(root, path), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");
}

const code = new Map(
  [...EXPORTING, ...USERS]
    .flatMap((folder) => [...sources(folder)].filter((path) => path.endsWith(".ts")))
    .map((path) => [path, codeOf(path)]),
);

test("style: every exported value is used by another file", (t) => {
  const users = new Map<string, number>();
  for (const text of code.values()) {
    for (const word of new Set(text.match(/\w+/g))) users.set(word, (users.get(word) ?? 0) + 1);
  }
  const unused = [...code]
    .filter(([path]) => !PUBLIC.has(path) && !USERS.includes(path.split("/")[0] as string))
    .flatMap(([path, text]) => [...text.matchAll(EXPORT)].map(([, name = ""]) => ({ path, name })))
    .filter(({ name }) => users.get(name) === 1)
    .map(({ path, name }) => `${path}: ${name}`);
  t.deepEqual(unused, [], "drop the word export, or what it exports");
});

test("style: classes have #private fields, and constructors few parameters or an object", (t) => {
  const wrong = [...code]
    .filter(([path]) => path !== "test/style.test.ts")
    .flatMap(([path, text]) => constructorFaults(text).map((fault) => `${path}: ${fault.rule}: ${fault.text}`));
  t.deepEqual(wrong, []);
});

test("style: the checks of constructors distinguish right from wrong", (t) => {
  const rules = (source: string) => constructorFaults(source).map(({ rule }) => rule);
  t.deepEqual(rules("class A {\n  readonly #path: string;\n  constructor(path: string, size: number) {"), []);
  t.deepEqual(rules("class A {\n  private readonly path: string;\n  constructor(path: string) {"), ["keyword"]);
  t.deepEqual(rules("class A {\n  protected find(): void {"), ["keyword"]);
  t.deepEqual(rules("class A {\n  private constructor(path: string) {"), []);
  t.deepEqual(rules("class A {\n  constructor(path: string, size: number, now: () => Map<string, number>) {"), ["many"]);
  t.deepEqual(rules("class A {\n  constructor(path: string, size: number, options: Options = {}) {"), []);
  t.deepEqual(rules("class A {\n  constructor({ path, size, now }: Options) {"), []);
  t.deepEqual(rules("class A {\n  constructor(from: string, to: string) {"), ["same type"]);
  t.deepEqual(rules("class A {\n  constructor(find: () => Map<string, number>, done: () => void) {"), []);
  t.deepEqual(rules("class AError extends Error {\n  constructor(path: string, message: string, options: Options) {"), []);
});
