import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../core/package-root.js";
import { styleFaults } from "./support/comment-style.js";
import { constructorFaults } from "./support/constructor-style.js";

const root = packageRoot();
const FOLDERS = [
  "core",
  "net",
  "llb",
  "oci",
  "frontend",
  "cache",
  "executor-native",
  "solver",
  "exporters",
  "api",
  "cli",
  "bench",
  "scripts",
  "test",
];

function* sources(directory: string): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(?:ts|mjs)$/.test(entry.name)) yield path;
  }
}

const present = new Set(readdirSync(root));
const files = FOLDERS.filter((folder) => present.has(folder)).flatMap((folder) => [...sources(folder)]);

test("style: comments keep the rules of docs/style.md", (t) => {
  const wrong = files.flatMap((path) =>
    styleFaults(readFileSync(join(root, path), "utf8")).map(({ line, rule, text }) => `${path}:${line}: ${rule}: ${text}`),
  );
  t.deepEqual(wrong, []);
});

test("style: the checks distinguish right from wrong", (t) => {
  const rules = (source: string) => styleFaults(source).map(({ rule }) => rule);
  t.deepEqual(rules("/** Returns the size. */\nexport function size(): number {"), []);
  t.deepEqual(rules("/** The size. */\nexport function size(): number {"), ["verb"]);
  t.deepEqual(rules("/** Bytes of a file. */\n  async size(path: string): Promise<number> {"), ["verb"]);
  t.deepEqual(rules("/** The size. */\nconst size = 1;"), []);
  t.deepEqual(rules("/** Whether it is there. */\nconst there = true;"), ["opening"]);
  t.deepEqual(rules("/** Size of a file. What it takes on disk is another\n * matter. */\nconst size = 1;"), ["opening"]);
  t.deepEqual(rules("  // Of two files the younger.\n  take();"), ["opening"]);
  t.deepEqual(rules("  // Take one of two files.\n  take();"), []);
  t.deepEqual(rules(`// ${"word ".repeat(20)}end`), ["columns"]);
  t.deepEqual(rules(`// https://host/${"x".repeat(100)}`), []);
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

test("style: the checks of constructors tell right from wrong", (t) => {
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
