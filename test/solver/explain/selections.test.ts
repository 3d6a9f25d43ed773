import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import type { FileOp } from "../../../llb/ops.js";
import { type ComparedStep, compareSteps } from "../../../solver/explain/components.js";
import { Selections } from "../../../solver/explain/selections.js";
import { Background } from "../../../solver/layers/background.js";
import { ContentDigits, differingEntries, encodeSelection } from "../../../solver/explain/selection-manifest.js";
import { COPY, compared, copy, hiddenBy, identity, texts } from "./compared-steps.js";

/** Returns `type mode owner content` of files by path, as one selection. */
function selection(files: Readonly<Record<string, string>>): { readonly digest: string; readonly manifest: string } {
  let text = "selection-2\0action\0contents\0";
  const digests: Digest[] = [];
  for (const [path, spec] of Object.entries(files)) {
    const [type = "", mode = "", owner = "", content = ""] = spec.split(" ");
    const isFile = type === "file";
    const link = type === "symlink" ? content : "";
    text += [type, path, String(Number.parseInt(mode, 8)), owner, isFile ? String(content.length) : "0", link, "", ""].join("\0") + "\0";
    if (isFile) digests.push(sha256(content));
  }
  const contents = new ContentDigits(digests.length);
  contents.add(digests);
  const paths = Object.keys(files).map((path) => `${path}\0`);
  return { digest: sha256(text + digests.join("")).slice(7), manifest: [...encodeSelection([text], { paths, contents })].join("") };
}

const FILES = { src: "dir 755 0:0", "src/a.c": "file 644 0:0 a", "src/b.c": "file 644 0:0 bb", link: "symlink 777 0:0 src" };

/** Changes of {@link FILES}, and their explanation. */
const TREES: readonly (readonly [string, Readonly<Record<string, string | undefined>>, string])[] = [
  ["content", { "src/a.c": "file 644 0:0 x" }, "src/a.c changed (content)"],
  ["size", { "src/a.c": "file 644 0:0 aa" }, "src/a.c changed (content)"],
  ["mode", { "src/a.c": "file 755 0:0 a" }, "src/a.c changed (mode 0644 to 0755)"],
  ["several", { "src/a.c": "file 600 1:1 x" }, "src/a.c changed (content, mode, owner)"],
  ["type", { "src/a.c": "symlink 777 0:0 b.c" }, "src/a.c changed (file to symlink)"],
  ["link", { link: "symlink 777 0:0 other" }, "link changed (link target)"],
  ["directory", { src: "dir 700 0:0" }, "src changed (mode 0755 to 0700)"],
  ["added", { "src/c.c": "file 644 0:0 c" }, "src/c.c was added"],
  ["removed", { "src/a.c": undefined }, "src/a.c was removed"],
  ["renamed", { "src/b.c": undefined, "src/d.c": "file 644 0:0 bb" }, "src/b.c was renamed to src/d.c"],
  [
    "directories",
    { lib: "dir 755 0:0", "lib/x": "file 644 0:0 x", src: undefined, "src/a.c": undefined, "src/b.c": undefined },
    "lib was added; src was removed",
  ],
];

for (const [name, edit, expected] of TREES) {
  test(`files: ${name}`, (t) => {
    const [before, after] = [
      selection(FILES),
      selection(Object.fromEntries(Object.entries({ ...FILES, ...edit }).filter((e): e is [string, string] => e[1] !== undefined))),
    ];
    const selections = new Selections({ memo: { get: () => undefined, set: () => {} }, background: new Background() });
    for (const { digest, manifest } of [before, after]) selections.note(digest, () => [manifest]);
    const step = ({ digest }: { digest: string }, input: string) =>
      compared("[2/2] COPY . /", { identity: "same", inputs: [{ name: input, key: `content:${digest}` }] });
    const compare = (input: string) =>
      texts(compareSteps(step(before, input), step(after, input), { args: new Set(), selections, hiddenBy }));
    t.is(compare("[internal] load build context"), expected);
    t.true(compare("[context more] load from client").includes(' of the context "more"'));
    t.true(compare("[build 2/2] RUN make").startsWith("/"), "paths of a stage are absolute, and named with their stage");
    t.true(compare("[build 2/2] RUN make").includes(" of [build 2/2] RUN make"));
  });
}

test("files that the ignore file hides now are not called removed", (t) => {
  const [before, after] = [selection(FILES), selection({ link: FILES.link })];
  const differing = () => differingEntries(Buffer.from(before.manifest), Buffer.from(after.manifest));
  const step = (digest: string): ComparedStep => ({
    step: recordedStep("[2/2] COPY . /"),
    identity: "same",
    inputs: [{ step: { kind: "context" }, key: `content:${digest}`, vertexId: "context" }],
  });
  const changes = compareSteps(step("1"), step("2"), {
    args: new Set(),
    selections: { differing },
    hiddenBy: (context, path) => (context === "context" && path === "src" ? ".dockerignore:2" : undefined),
  });
  t.is(texts(changes), "src is left out by .dockerignore:2 now");
});

test("what --chmod and --chown give is not reported for each file", (t) => {
  const [before, after] = [selection(FILES), selection({ ...FILES, "src/a.c": "file 600 1:1 a", "src/b.c": "file 600 1:1 cc" })];
  const selections = {
    differing: (was: string, is: string) =>
      was === before.digest && is === after.digest
        ? differingEntries(Buffer.from(before.manifest), Buffer.from(after.manifest))
        : undefined,
  };
  const step = (op: FileOp, digest: string) =>
    compared("[2/2] COPY . /", {
      identity: identity(op),
      inputs: [{ name: "[internal] load build context", key: `content:${digest}` }],
    });
  const compare = (op: FileOp) =>
    texts(compareSteps(step(COPY, before.digest), step(op, after.digest), { args: new Set(), selections, hiddenBy }));
  t.is(
    compare(copy({ mode: 0o600, owner: { user: 1, group: 1 } })),
    '--chmod is "0600" now, and was not set; --chown is "1:1" now, and was not set; src/b.c changed (content)',
  );
  t.is(
    compare(copy({ src: "/s*" })),
    'the source went from "/src" to "/s*"; src/a.c changed (mode, owner); src/b.c changed (content, mode, owner)',
  );
  t.is(compare(copy({ mode: 0o600 })), '--chmod is "0600" now, and was not set; src/a.c changed (owner); src/b.c changed (content, owner)');
});

test("selections are kept compressed, for those that ask only, and their loss is no error", async (t) => {
  const kept = new Map<string, Buffer>();
  const memo = {
    get: (_kind: string, key: string) => kept.get(key),
    set: (_kind: string, key: string, value: string | Uint8Array) => void kept.set(key, Buffer.from(value)),
  };
  const background = new Background();
  const selections = new Selections({ memo, background });
  const [one, two] = [selection(FILES), selection({ ...FILES, new: "file 644 0:0 n" })];
  for (const { digest, manifest } of [one, two]) selections.note(digest, () => [manifest]);
  selections.keep([two.digest, "unknown"]);
  await background.idle();
  t.deepEqual([...kept.keys()], [two.digest]);
  const later = new Selections({ memo, background });
  later.note(one.digest, () => [one.manifest]);
  t.deepEqual([...(later.differing(two.digest, one.digest)?.before.keys() ?? [])], ["new"]);
  kept.set(two.digest, Buffer.from("damaged"));
  t.is(later.differing(two.digest, one.digest), undefined);
  t.is(later.differing("gone", one.digest), undefined);
});

test("the entries that differ are those of comparing every line, whatever moves", (t) => {
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % below;
  const some = (count: number): string[] =>
    Array.from({ length: count }, () => `${["file", "dir"][random(2)]}\0\x00420\x000:0\0${random(3)}\0\0\0\0\0p${random(40)}`);
  for (let round = 0; round < 400; round++) {
    const lines = some(random(round % 4 === 0 ? 200 : 12));
    const changed = [...lines];
    for (let edit = random(4); edit > 0; edit--) changed.splice(random(changed.length + 1), random(3), ...some(random(3)));
    const keys = (of: readonly string[], others: readonly string[]): string[] => [
      ...new Set(of.filter((line) => !others.includes(line)).map((line) => line.split("\0")[9] as string)),
    ];
    const { before, after } = differingEntries(Buffer.from(lines.join("\0\n")), Buffer.from(changed.join("\0\n")));
    t.deepEqual([...before.keys()], lines.length === 0 ? [] : keys(lines, changed));
    t.deepEqual([...after.keys()], changed.length === 0 ? [] : keys(changed, lines));
  }
});
