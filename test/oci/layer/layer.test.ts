import { chmodSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import { lgetxattr, lsetxattr, lutimes } from "../../../core/system/posix.js";
import { withDirectory } from "./disk.js";
import { mediaType, apply, diff, mtime } from "./layer-rig.js";

test("diff of a tree, unpacked again, is the same tree", (t) =>
  withDirectory(async (directory) => {
    const source = join(directory, "source");
    const dest = join(directory, "dest");
    for (const path of [`${source}/d/e`, dest]) mkdirSync(path, { recursive: true });
    writeFileSync(join(source, "d/file"), "content");
    linkSync(join(source, "d/file"), join(source, "d/e/hard"));
    symlinkSync("../nowhere", join(source, "d/link"));
    writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.of(0xff)]), "bytes");
    writeFileSync(join(source, "private"), "");
    chmodSync(join(source, "private"), 0o4711);
    chmodSync(join(source, "d"), 0o1770);
    lsetxattr(join(source, "private"), "user.binary", Buffer.of(0, 255));
    lsetxattr(join(source, "d"), "user.overlay.impure", Buffer.from("y"));
    lutimes(join(source, "d/link"), mtime, { sec: -5, nsec: 999_999_999 });
    const server = createServer().listen(join(source, "socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    const out = join(directory, "l");
    const first = await diff({ upper: source, lowers: [], out: { path: out, compression: { type: "gzip" } } });
    server.close();
    t.deepEqual(
      [...first.toc.entries].map(({ path }) => path),
      ["d", "d/e", "d/e/hard", "d/file", "d/link", "private", "\udcff"],
    );
    t.deepEqual([...first.toc.entries].find(({ path }) => path === "d/link")?.mtime, { sec: -5, nsec: 0 });
    const applied = await apply({ blob: out, mediaType, dest });
    t.deepEqual(applied, { diffId: first.diffId, toc: first.toc });
    const again = await diff({ upper: dest, lowers: [] });
    t.is(again.blob, undefined);
    t.deepEqual(again.toc, first.toc);
    t.is(statSync(join(dest, "d/file")).ino, statSync(join(dest, "d/e/hard")).ino);
    t.deepEqual(lgetxattr(join(dest, "private"), "user.binary"), Buffer.of(0, 255));

    // A comparison with itself finds nothing: copied-up files without changes and directories with
    // other times.
    const lower = join(directory, "lower");
    mkdirSync(lower);
    await apply({ blob: out, mediaType, dest: lower });
    lutimes(join(dest, "d"), mtime, mtime);
    const none = await diff({ upper: dest, lowers: [lower] });
    t.deepEqual(
      [...none.toc.entries].map(({ path }) => path),
      ["d", "d/e", "d/e/hard", "d/file"],
      "hard links always count",
    );
    writeFileSync(join(dest, "private"), "x");
    const one = await diff({ upper: dest, lowers: [lower] });
    t.true([...one.toc.entries].some(({ path }) => path === "private"));
  }));
