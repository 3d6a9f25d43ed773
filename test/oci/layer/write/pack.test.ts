import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { sha256 } from "../../../../core/digest.js";
import type { TsbuildError } from "../../../../core/errors.js";
import type { PackEntry } from "../../../../oci/layer/model/toc.js";
import { withDirectory } from "../disk.js";
import { mediaType, scan, pack, extract, apply, diff, mtime, file, rejects, plan } from "../layer-rig.js";

test("an empty layer is 1,024 zero bytes", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    const blob = await pack({ plan: { entries: [] }, out, compression: { type: "uncompressed" } });
    t.is(blob.diffId, "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef" as never);
    t.is(blob.digest, blob.diffId);
    t.true(readFileSync(out).equals(Buffer.alloc(1024)));
  }));

test("a layer is the same however its plan is ordered, and reads back as its TOC says", (t) =>
  withDirectory(async (directory) => {
    const out = (name: string) => join(directory, name);
    const first = await pack({ plan, out: out("1"), compression: { type: "gzip" }, epoch: 1_700_000_000 });
    const second = await pack({
      plan: { entries: [...plan.entries].reverse(), whiteouts: [...plan.whiteouts].reverse() },
      out: out("2"),
      compression: { type: "gzip" },
      epoch: 1_700_000_000,
    });
    t.deepEqual(second, first);
    const bytes = readFileSync(out("1"));
    t.is(first.digest, sha256(bytes));
    t.is(first.size, bytes.length);
    t.is(first.diffId, sha256(gunzipSync(bytes)));
    t.is(first.mediaType, mediaType);
    t.deepEqual(await scan({ blob: out("1"), mediaType }), { diffId: first.diffId, toc: first.toc });

    const names = execFileSync("tar", ["-tf", out("1")], { encoding: "utf8" })
      .trim()
      .split("\n");
    t.deepEqual(names, [
      ".wh.gone",
      "a-link",
      "b/",
      "b/.wh.gone",
      "b/a",
      "b/z",
      "b-c",
      "cap",
      "fifo",
      "future",
      "o/",
      "o/.wh..wh..opq",
      "replaced/",
      "replaced/.wh..wh..opq",
      "s",
    ]);
    const byPath = new Map([...first.toc.entries].map((entry) => [entry.path, entry]));
    t.like(byPath.get("b/a"), { hardlink: "a-link", size: 6, digest: sha256("shared"), mtime });
    t.is(byPath.get("a-link")?.hardlink, undefined);
    t.deepEqual(byPath.get("cap")?.xattrs, { "user.a": "AP8=" });
    t.deepEqual(byPath.get("future")?.mtime, { sec: 1_700_000_000, nsec: 0 });
    t.true(byPath.get("replaced")?.opaque);
    t.deepEqual(first.toc.whiteouts, ["b/gone", "gone"]);
  }));

test("the layer's bytes are what they always were", (t) =>
  withDirectory(async (directory) => {
    const fixed = { ...plan, entries: plan.entries.map((entry) => ({ ...entry, uid: 1000, gid: 3_000_000 })) };
    const blob = await pack({ plan: fixed, out: join(directory, "l"), compression: { type: "gzip" }, epoch: 1_700_000_000 });
    t.is(blob.diffId, "sha256:7146e3406273eeceb507c5c913d455dc1eec09f1e5d78cc8253637ba3d0abb03" as never);
  }));

const changes: readonly { readonly title: string; readonly change: (path: string) => void; readonly message: RegExp }[] = [
  { title: "grew", change: (path) => writeFileSync(path, "content and more"), message: /grew past its 7 bytes/ },
  { title: "shrank", change: (path) => writeFileSync(path, "con"), message: /shrank from 7 to 3 bytes/ },
  { title: "has other content", change: (path) => writeFileSync(path, "CONTENT"), message: /its content changed/ },
  { title: "is gone", change: (path) => renameSync(path, `${path}.away`), message: /was removed/ },
  {
    title: "became a link",
    change: (path) => {
      renameSync(path, `${path}.away`);
      symlinkSync(`${path}.away`, path);
    },
    message: /was replaced/,
  },
];

for (const { title, change, message } of changes) {
  test(`packing fails when a file ${title}, and leaves no blob`, (t) =>
    withDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "content");
      const entry: PackEntry = { ...file("f", "content"), source: { kind: "path", path }, digest: sha256("content") };
      change(path);
      const out = join(directory, "out");
      const error = await rejects(t, pack({ plan: { entries: [entry] }, out, compression: { type: "gzip" } }), "layer/file-changed");
      t.regex(error.message, message);
      t.false(existsSync(out));
    }));
}

test("large files go through in parts, and their changes are seen too", (t) =>
  withDirectory(async (directory) => {
    const path = join(directory, "large");
    const data = Buffer.alloc(3_000_001, "0123456789abcdef\n");
    writeFileSync(path, data);
    const entry: PackEntry = { ...file("large", ""), size: data.length, source: { kind: "path", path } };
    const blob = await pack({
      plan: { entries: [file("a", "a"), entry, file("z", "z")] },
      out: join(directory, "l"),
      compression: { type: "gzip", level: 1 },
    });
    t.is([...blob.toc.entries][1]?.digest, sha256(data));
    await extract({ blob: join(directory, "l"), mediaType, files: [{ path: "large", dest: join(directory, "back") }] });
    t.true(readFileSync(join(directory, "back")).equals(data));
    for (const size of [data.length - 1, data.length + 1]) {
      await rejects(
        t,
        pack({ plan: { entries: [{ ...entry, size }] }, out: join(directory, "x"), compression: { type: "gzip" } }),
        "layer/file-changed",
      );
    }
  }));

test("reserved names, bad levels and files in the way are refused", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    await rejects(t, pack({ plan: { entries: [file("d/.wh.x", "")] }, out, compression: { type: "gzip" } }), "layer/reserved-name");
    t.false(existsSync(out));
    await rejects(t, pack({ plan: { entries: [] }, out, compression: { type: "gzip", level: 10 } }), "layer/invalid-level");
    writeFileSync(out, "kept");
    await rejects(t, pack({ plan: { entries: [] }, out, compression: { type: "gzip" } }), "layer/pack-failed");
    t.is(readFileSync(out, "utf8"), "kept");
  }));

test("an aborted task stops and leaves nothing", (t) =>
  withDirectory(async (directory) => {
    const out = join(directory, "l");
    await rejectsCanceled(t, pack({ plan, out, compression: { type: "gzip" } }, { aborted: true }));
    t.false(existsSync(out));
    await pack({ plan, out, compression: { type: "gzip" } });
    const dest = join(directory, "dest");
    mkdirSync(dest);
    await rejectsCanceled(t, apply({ blob: out, mediaType, dest }, { aborted: true }));
    t.deepEqual(readdirSync(dest), []);
    await rejectsCanceled(t, diff({ upper: dest, lowers: [] }, { aborted: true }));
  }));

async function rejectsCanceled(t: { is(a: unknown, b: unknown): unknown }, task: Promise<unknown>): Promise<void> {
  t.is(
    await task.then(
      () => "done",
      (error: TsbuildError) => error.code,
    ),
    "build/canceled",
  );
}
