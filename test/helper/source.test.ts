import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../core/package-root.js";

const helper = join(packageRoot(), "executor-native/helper");

/** Folders, lowest first: each may include those before it. */
const FOLDERS = [
  "base",
  "spec",
  "ownership",
  "supervisor",
  "seccomp",
  "mounts",
  "sandbox",
  "network",
  "tree",
  "roots",
  "chroot",
  "supervised",
  "sockets",
  "translation",
  "modes",
];

/** Variables outside structs, each with its reason beside it. */
const VARIABLES = [
  "base/report.c: static int status_fd",
  "modes/chroot.c: static volatile sig_atomic_t monitor_pid, stopped",
  "modes/run.c: static volatile sig_atomic_t init_pid, stopped",
];

const WIDTH = 100;

const sources = readdirSync(helper, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(c|h|def)$/.test(name))
  .sort()
  .map((name) => ({ name, text: readFileSync(join(helper, name), "utf8") }));

/** Returns the comments that have lines of their own. */
function comments(text: string): readonly string[] {
  return Array.from(text.matchAll(/^\t*\/\*[^]*?\*\/$/gm), ([comment]) => comment);
}

test("each folder of the helper includes lower ones only", (t) => {
  const upwards = sources.flatMap(({ name, text }) => {
    const folder = FOLDERS.indexOf(name.split("/")[0] as string);
    if (folder < 0) return name === "main.c" ? [] : [`${name} is in no folder of the table`];
    return Array.from(text.matchAll(/^#include "([\w-]+)\/([\w.-]+)"$/gm))
      .filter(([, included = ""]) => FOLDERS.indexOf(included) > folder || !FOLDERS.includes(included))
      .map(([line]) => `${name}: ${line}`);
  });
  t.deepEqual(upwards, []);
  t.true(sources.length > 50);
});

/** Function that a header declares: by its type, or by the macro of answers. */
const DECLARED = /^(?!typedef|static|extern|#)(?:ANSWER\((\w+)\)|[\w ]+[ *](\w+)\([^;{}]*\)[^;{}]*);/gm;

test("each folder of the helper defines the functions that its headers declare", (t) => {
  const declared = sources
    .filter(({ name }) => name.endsWith(".h"))
    .flatMap(({ name, text }) =>
      Array.from(text.replace(/\/\*[^]*?\*\//g, "").matchAll(DECLARED), ([, answer, other]) => ({ name, declares: answer ?? other })),
    );
  const elsewhere = declared.filter(({ name, declares }) => {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    const definition = new RegExp(`^(?!static)(?:ANSWER\\(${declares}\\)|[\\w ]+[ *]${declares}\\([^;{}]*\\))\\s*\\{`, "m");
    return !sources.some((file) => file.name.startsWith(folder) && file.name.endsWith(".c") && definition.test(file.text));
  });
  t.deepEqual(elsewhere, []);
  t.true(declared.length > 300);
});

test("comments of the helper are 100 columns wide and begin with the thing they are about", (t) => {
  const bad = sources.flatMap(({ name, text }) =>
    comments(text).flatMap((comment) => {
      const wide = comment.split("\n").filter((line) => line.replaceAll("\t", "    ").length > WIDTH);
      const prose = comment.replace(/\s*\n\s*\*? ?/g, " ");
      const opening = prose.match(/(?:^\s*\/\*\s*|[.;] )(What|Of|Those|Whether)\b.*/)?.[0];
      return [...wide, ...(opening === undefined ? [] : [opening])].map((line) => `${name}: ${line}`);
    }),
  );
  t.deepEqual(bad, []);
});

test("state of the helper is in structs, and texts are never cut in silence", (t) => {
  const variables = sources.flatMap(({ name, text }) =>
    Array.from(text.matchAll(/^\s*(static (?!const\b|inline\b|_Noreturn\b)[^()]*?)(?:\[[^;]*)?(?: = [^;]*)?;$/gm))
      .filter(([, declaration = ""]) => !/\bconst \w+\[?|\*const\b|^static const\b/.test(declaration))
      .map(([, declaration]) => `${name}: ${declaration}`),
  );
  t.deepEqual(variables, VARIABLES);
  const unchecked = sources.filter(({ text }) => /\b(sprintf|snprintf|strcat|strncpy)\(/.test(text));
  t.deepEqual(
    unchecked.map(({ name }) => name),
    [],
  );
});

test("the page about the helper names files that exist", (t) => {
  const page = readFileSync(join(helper, "README.md"), "utf8");
  const names = Array.from(page.matchAll(/`([\w.-]+\/[\w./-]+\.\w+)`/g), ([, name]) => name as string);
  t.deepEqual(
    names.filter((name) => ![helper, packageRoot()].some((folder) => existsSync(join(folder, name)))),
    [],
  );
  t.true(names.length > 15);
});

test("the spec's operations have the same keys and fields in TypeScript and in C", (t) => {
  const generator = join(packageRoot(), "scripts/generate/spec-operations.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [generator, "--print"], { encoding: "utf8" });
  t.is(stderr, "");
  t.is(readFileSync(join(packageRoot(), "executor-native/worker/spec-operations.ts"), "utf8"), stdout);
  const table = sources.find(({ name }) => name === "spec/operations.def")?.text ?? "";
  t.is(stdout.match(/^ {2}readonly /gm)?.length, table.match(/^[A-Z]+\("/gm)?.length);
});
