import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import { pack, repack } from "../../../../oci/layer/write/pack.js";
import type { PackEntry, PackPlan } from "../../../../oci/layer/model/toc.js";
import type { Compression } from "../../../../oci/media-types.js";
import type { TarHeader } from "../../../../oci/tar/header.js";
import { encodeHeader, headerSize } from "../../../../oci/tar/writer.js";
import { withDirectory } from "../disk.js";

/** Returns the same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = createHash("sha256").update(String(state)).digest().readUInt32LE();
    return state % below;
  };
}

const NAMES = ["a", "b.txt", "c d", "ä", "n".repeat(120), `${"deep/".repeat(2)}x`, "z"];

/** Content of a layer as text, which decides everything else. */
interface Tree {
  readonly directory: string;
  readonly entries: Map<string, PackEntry>;
}

const mtime = { sec: 1_600_000_000, nsec: 123 };

function put(tree: Tree, path: string, random: (below: number) => number): void {
  const kind = random(10);
  const common = { path, mode: kind === 0 ? 0o600 : 0o644, uid: random(20) === 0 ? 3_000_000 : 0, gid: 0, mtime };
  if (kind === 1) tree.entries.set(path, { ...common, type: "symlink", size: 0, link: random(2) ? "target" : "t".repeat(150) });
  else if (kind === 2) tree.entries.set(path, { ...common, type: "fifo", size: 0 });
  else if (kind === 3) tree.entries.set(path, { ...common, type: "char", size: 0, device: { major: 1, minor: random(9) } });
  else {
    const data = Buffer.alloc([0, 1, 511, 512, 513, 70_000, 1_500_000][random(7)] as number, `content ${random(1000)}\n`);
    const host = join(tree.directory, sha256(data).slice(7));
    writeFileSync(host, data);
    const xattrs = random(15) === 0 ? { xattrs: { "user.x": Buffer.from("value").toString("base64") } } : {};
    tree.entries.set(path, {
      ...common,
      type: "file",
      size: data.length,
      digest: sha256(data),
      source: { kind: "path", path: host },
      ...xattrs,
    });
  }
}

/** Adds directories above the entries, and some second names of files. */
function planOf(tree: Tree, random: (below: number) => number): PackPlan {
  const entries = new Map<string, PackEntry>(tree.entries);
  for (const path of tree.entries.keys()) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const directory = path.slice(0, slash);
      if (!entries.has(directory)) entries.set(directory, { path: directory, type: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtime });
    }
  }
  const file = [...tree.entries.values()].find(({ type, path }) => type === "file" && !path.includes("/"));
  if (file && random(2) === 0) {
    const { source: _, ...shared } = file;
    entries.set("second-name", { ...shared, path: "second-name", hardlink: file.path });
  }
  return { entries: [...entries.values()] };
}

const isBlocked = (path: string, tree: Tree): boolean =>
  [...tree.entries].some(
    ([other, { type }]) => other === path || other.startsWith(`${path}/`) || (type !== "dir" && path.startsWith(`${other}/`)),
  );

for (let seed = 1; seed <= 12; seed++) {
  const forms: readonly (readonly [Compression, Compression])[] = [
    ["uncompressed", "uncompressed"],
    ["gzip", "uncompressed"],
    ["uncompressed", "gzip"],
    ["gzip", "gzip"],
  ];
  const [was, is] = forms[seed % forms.length] as readonly [Compression, Compression];
  test(`${seed}: what is packed with an earlier layer (${was}) is what packing gives (${is})`, (t) =>
    withDirectory(async (directory) => {
      const random = numbers(seed);
      const tree: Tree = { directory: join(directory, "files"), entries: new Map() };
      mkdirSync(tree.directory);
      for (let i = 0; i < 30; i++) {
        const path = `d${random(4)}/${NAMES[random(NAMES.length)]}`;
        if (!isBlocked(path, tree)) put(tree, path, random);
      }
      for (const name of ["first", "last"]) put(tree, name, random);
      const epoch = seed % 3 === 0 ? { epoch: 1_500_000_000 } : {};
      let before = await pack({ plan: planOf(tree, random), out: join(directory, "0"), compression: { type: was }, ...epoch });
      let blob = join(directory, "0");
      for (let round = 1; round <= 6; round++) {
        for (let edits = random(4); edits > 0; edits--) {
          const known = [...tree.entries.keys()][random(tree.entries.size)];
          if (known !== undefined && random(3) === 0) tree.entries.delete(known);
          else if (known !== undefined && random(2) === 0) put(tree, known, random);
          else {
            const path = `d${random(5)}/${NAMES[random(NAMES.length)]}`;
            if (!isBlocked(path, tree)) put(tree, path, random);
          }
        }
        const plan = { ...planOf(tree, random), ...(random(6) === 0 ? { whiteouts: ["gone"] } : {}) };
        const [plain, reused] = [join(directory, `${round}-plain`), join(directory, `${round}-reused`)];
        const expected = await pack({ plan, out: plain, compression: { type: is }, ...epoch });
        const found = await repack({ plan, out: reused, compression: { type: is }, earlier: { blob, toc: before.toc }, ...epoch });
        // Layers with markers of deletions have nothing in common.
        const comparable = plan.whiteouts === undefined && before.toc.whiteouts.length === 0;
        t.deepEqual(found, comparable ? expected : undefined);
        if (comparable) t.true(readFileSync(reused).equals(readFileSync(plain)));
        if (was === is) [before, blob] = [expected, plain];
      }
    }));
}

const file = (path: string, text: string, source: string): PackEntry => ({
  path,
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: text.length,
  mtime,
  digest: sha256(text),
  source: { kind: "path", path: source },
});

test("what is alike is not read, and what is new is checked as ever", (t) =>
  withDirectory(async (directory) => {
    const host = (name: string) => join(directory, name);
    writeFileSync(host("a"), "same");
    writeFileSync(host("b"), "old");
    const blob = host("before");
    const plan = (b: string): PackPlan => ({ entries: [file("a", "same", host("a")), file("b", b, host("b"))] });
    const { toc } = await pack({ plan: plan("old"), out: blob, compression: { type: "uncompressed" } });
    rmSync(host("a"));
    writeFileSync(host("b"), "new");
    const made = await repack({ plan: plan("new"), out: host("out"), compression: { type: "gzip" }, earlier: { blob, toc } });
    t.deepEqual(
      [...(made?.toc.entries ?? [])].map(({ digest }) => digest),
      [sha256("same"), sha256("new")],
    );
    await t.throwsAsync(repack({ plan: plan("few"), out: host("bad"), compression: { type: "gzip" }, earlier: { blob, toc } }), {
      code: "layer/file-changed",
    });
    t.false(existsSync(host("bad")));
  }));

const DAMAGE: readonly (readonly [string, (blob: string) => void])[] = [
  ["is gone", (blob) => rmSync(blob)],
  ["is empty", (blob) => writeFileSync(blob, "")],
  ["ends early", (blob) => writeFileSync(blob, readFileSync(blob).subarray(0, 700))],
  [
    "has another bit in a file",
    (blob) => {
      const bytes = readFileSync(blob);
      bytes[512] = (bytes[512] as number) ^ 1;
      writeFileSync(blob, bytes);
    },
  ],
  [
    "has another bit at its end",
    (blob) => {
      const bytes = readFileSync(blob);
      bytes[bytes.length - 1] = 1;
      writeFileSync(blob, bytes);
    },
  ],
];

for (const [what, damage] of DAMAGE) {
  test(`an earlier layer whose blob ${what} is of no use, and nothing is left of what was made of it`, (t) =>
    withDirectory(async (directory) => {
      const host = join(directory, "a");
      writeFileSync(host, "text");
      const blob = join(directory, "before");
      const plan: PackPlan = { entries: [file("a", "text", host), file("b", "text", host)] };
      const { toc } = await pack({ plan, out: blob, compression: { type: "uncompressed" } });
      damage(blob);
      const out = join(directory, "out");
      const params = { plan: { entries: [...plan.entries].slice(0, 1) }, out, compression: { type: "gzip" } as const };
      t.is(await repack({ ...params, earlier: { blob, toc } }), undefined);
      t.false(existsSync(out));
    }));
}

test("a layer that has little alike is of no use", (t) =>
  withDirectory(async (directory) => {
    const many = Array.from(
      { length: 1100 },
      (_, i): PackEntry => ({ ...file(`f${i}`, "", ""), size: 0, source: { kind: "bytes", data: new Uint8Array() } }),
    );
    const blob = join(directory, "before");
    const { toc } = await pack({ plan: { entries: many.slice(0, 50) }, out: blob, compression: { type: "uncompressed" } });
    const params = { plan: { entries: many }, out: join(directory, "out"), compression: { type: "uncompressed" } as const };
    t.is(await repack({ ...params, earlier: { blob, toc } }), undefined);
    t.false(existsSync(params.out));
  }));

test("the size of a header is that of its bytes", (t) => {
  const random = numbers(7);
  const pick = <T>(...values: readonly T[]): T => values[random(values.length)] as T;
  for (let i = 0; i < 2000; i++) {
    const type = pick<TarHeader["type"]>("file", "dir", "symlink", "hardlink", "fifo");
    const header: TarHeader = {
      name: pick(
        "a",
        "d/b",
        "x".repeat(98),
        "x".repeat(99),
        "x".repeat(100),
        "x".repeat(101),
        `${"p".repeat(90)}/${"q".repeat(60)}`,
        "é",
        "x\udc80",
      ),
      type,
      mode: 0o644,
      uid: pick(0, 2_097_151, 2_097_152),
      gid: pick(0, 2_097_151, 2_097_152, 4_000_000_000),
      size: pick(0, 1, 8_589_934_591, 8_589_934_592),
      mtime: pick({ sec: 0, nsec: 0 }, { sec: -1, nsec: 0 }, { sec: 1, nsec: 1 }, { sec: 8_589_934_592, nsec: 0 }),
      ...(type === "symlink" || type === "hardlink" ? { link: pick("", "t", "t".repeat(100), "t".repeat(101), "ü") } : {}),
      ...(random(4) === 0 ? { xattrs: pick<Record<string, string>>({}, { "user.a": "eA==" }, { "user.=": "eA==" }) } : {}),
    };
    t.is(headerSize(header), encodeHeader(header).length, JSON.stringify(header));
  }
});
