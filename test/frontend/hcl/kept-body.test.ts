import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { readBake } from "../../../api/bake/read-bake.js";
import { DiagnosticsError } from "../../../core/errors.js";
import { BODY_FORMAT, bodyOf, bodyText } from "../../../frontend/hcl/kept-body.js";
import { parseHcl } from "../../../frontend/hcl/syntax/parse.js";
import { golden } from "../../support/golden.js";

const TEXT = `variable "N" { default = 1.50 }
target "a" {
  name = "a-\${i}"
  matrix = { i = [true, null, "\\ud83d\\ude00"] }
  args = { X = N > 1 ? upper("x") : -N, "y" = [for k, v in {a = 1}: v if k != ""] }
  tags = t[*].name
}
`;

test("kept body: is the tree that was parsed, with its places", (t) => {
  const source = { name: "docker-bake.hcl", text: TEXT };
  const body = parseHcl(source);
  const kept = bodyOf(bodyText(body), source);
  // Members that are undefined are missing in the kept tree.
  t.deepEqual(withoutUndefined(kept), withoutUndefined(body));
  t.is(kept.blocks[1]?.source, source);
});

test("kept body: another form of the text has another version", (t) => {
  golden(t, "hcl/kept-body.expected.txt", `version ${BODY_FORMAT}\n${bodyText(parseHcl({ name: "docker-bake.hcl", text: TEXT }))}\n`);
});

/** Returns a copy of plain data without members that are undefined. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, item]) => (item === undefined ? [] : [[name, withoutUndefined(item)]])));
}

test("parsed bake files are kept in a store that is there, by their text and syntax", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-kept-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const root = join(directory, "store");
  const file = join(directory, "docker-bake.hcl");
  writeFileSync(file, 'target "default" { args = { A = "1" } }\n');
  const read = async () => (await readBake({ directory, root, env: {} })).plan().json;
  const first = await read();
  t.false(existsSync(root), "reading makes no store");
  mkdirSync(join(root, "v1", "memo"), { recursive: true });
  const kept = () => readdirSync(join(root, "v1", "memo", "bake"));
  t.is(await read(), first);
  const [name = ""] = kept();
  const path = join(root, "v1", "memo", "bake", name);
  t.is(await read(), first);

  writeFileSync(file, 'target "default" { args = { A = "2" } }\n');
  const second = await read();
  t.not(second, first);
  const [other = ""] = kept().filter((one) => one !== name);
  copyFileSync(path, join(root, "v1", "memo", "bake", other));
  t.is(await read(), first, "the tree of the store is taken, and the text is not parsed");
  rmSync(path);
  writeFileSync(join(root, "v1", "memo", "bake", other), "damaged");
  t.is(await read(), second, "a damaged tree does not count");
  t.deepEqual(kept(), [other]);

  writeFileSync(file, 'target "default" { args = { A = "https://user:secret@example.com" } }\n');
  await read();
  t.is(kept().length, 1, "a text with a password is not kept");
  writeFileSync(file, `target "default" { args = { A = ${"1 + ".repeat(20_000)}2 } }\n`);
  await t.throwsAsync(read(), { message: /too deeply/ });
  t.is(kept().length, 1, "a tree that is too deep is not kept");
  writeFileSync(file, 'target "default" { args = \n');
  await t.throwsAsync(read(), { instanceOf: DiagnosticsError });
  t.is(kept().length, 1);
});
