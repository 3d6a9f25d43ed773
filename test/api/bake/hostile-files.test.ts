import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { readBake } from "../../../api/bake/read-bake.js";
import { readCompose } from "../../../api/compose/read-compose.js";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import { temporaryDirectory } from "../../support/images/images.js";

function directoryWith(t: ExecutionContext, files: Readonly<Record<string, string>>, pipes: readonly string[] = []): string {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  for (const name of pipes) execFileSync("mkfifo", [join(path, name)]);
  return path;
}

const READERS = {
  bake: async (options: object) => (await readBake({ env: {}, ...options })).plan(),
  compose: (options: object) => readCompose({ env: {}, ...options }),
} as const;

for (const [name, read] of Object.entries(READERS)) {
  test(`${name}: a pipe that is named is waited for until the abort`, async (t) => {
    const directory = directoryWith(t, {}, ["pipe"]);
    const aborted = new AbortController();
    const reading = read({ directory, files: ["pipe"], signal: aborted.signal });
    setImmediate(() => aborted.abort());
    await t.throwsAsync(reading, { instanceOf: CanceledError });
  });

  test(`${name}: a device that is named is refused`, async (t) => {
    const directory = directoryWith(t, {});
    await t.throwsAsync(read({ directory, files: ["/dev/zero"] }), { message: /\/dev\/zero: it is a device$/ });
  });
}

test("compose: files that a file names, and .env, are regular files", async (t) => {
  const named = (text: string) => directoryWith(t, { "compose.yaml": text }, ["pipe"]);
  const included = named("include: [pipe]\nservices: {}\n");
  await t.throwsAsync(readCompose({ directory: included, env: {} }), { message: /pipe: it is a pipe$/ });
  const endless = named("services: { a: { extends: { file: /dev/zero, service: a } } }\n");
  await t.throwsAsync(readCompose({ directory: endless, env: {} }), { message: /it is a device$/ });
  const beside = directoryWith(t, { "compose.yaml": "services: {}\n" }, [".env"]);
  await t.throwsAsync(readCompose({ directory: beside, env: {} }), { message: /\.env: it is a pipe$/ });
});

test("compose: a file of variables that is a pipe is read once", async (t) => {
  const directory = directoryWith(t, { "compose.yaml": "services: { a: { build: ., image: '${NAME}' } }\n" }, ["pipe"]);
  const reading = readCompose({ directory, env: {}, envFiles: ["pipe"] });
  await writeFile(join(directory, "pipe"), "NAME=app\n");
  t.like(JSON.parse((await reading).json), { target: { a: { tags: ["app"] } } });
});

const DEPTH = 6000;
const value = (text: string) => `target "default" { args = { a = ${text} } }\n`;
const chain = (block: (index: number) => string) => Array.from({ length: DEPTH }, (_, index) => block(index)).join("");

/** Files that nest, or whose names lead through each other, deeper than the stack. */
const DEEP: readonly (readonly [what: string, file: string, text: string])[] = [
  ["lists", "a.hcl", value("[".repeat(DEPTH) + "]".repeat(DEPTH))],
  ["parentheses", "a.hcl", value(`${"(".repeat(DEPTH)}1${")".repeat(DEPTH)}`)],
  ["signs", "a.hcl", value(`${"!".repeat(DEPTH)}true`)],
  ["templates", "a.hcl", value(`${'"${'.repeat(DEPTH)}1${'}"'.repeat(DEPTH)}`)],
  ["conditions", "a.hcl", value(`${"true ? 1 : ".repeat(DEPTH)}2`)],
  ["sums", "a.hcl", value(`${"1 + ".repeat(DEPTH)}2`)],
  ["variables", "a.hcl", `${chain((i) => `variable "v${i}" { default = v${i + 1} }\n`)}variable "v${DEPTH}" {}\n${value("v0")}`],
  ["groups", "a.hcl", `${chain((i) => `group "t${i}" { targets = ["t${i + 1}"] }\n`)}group "default" { targets = ["t0"] }\n`],
  ["JSON", "a.json", `{"target":{"default":{"args":{"a":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}}}}`],
  ["YAML", "a.yaml", `x-a: ${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}\nservices: {}\n`],
  ["defaults", "a.yaml", `services: { a: { image: "${"${A:-".repeat(DEPTH)}${"}".repeat(DEPTH)}" } }\n`],
];

for (const [what, file, text] of DEEP) {
  test(`a bake file that is too deep is refused: ${what}`, async (t) => {
    const directory = directoryWith(t, { [file]: text });
    await t.throwsAsync(READERS.bake({ directory, files: [file] }), {
      instanceOf: TsbuildError,
      message: /too deeply|call stack|100 deep/,
    });
  });
}
