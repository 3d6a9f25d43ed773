import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { FileChange, FileState } from "../../../api/diff/compare-trees.js";
import { textPatch } from "../../../api/diff/text-patch.js";
import { notInstalled, requires } from "../../support/requires.js";

const file = (text: string | Uint8Array, mode = 0o644): readonly [FileState, Uint8Array] => {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return [{ type: "file", mode, uid: 0, gid: 0, size: bytes.length }, bytes];
};

type Half = readonly [FileState, Uint8Array] | undefined;

function patchOf(path: string, before: Half, after: Half, aspects: FileChange["aspects"] = ["content"]): string {
  const change = before === undefined ? "added" : after === undefined ? "removed" : "modified";
  const states = { ...(before && { before: before[0] }), ...(after && { after: after[0] }) };
  return textPatch({ path, change, aspects, ...states }, { before: before?.[1], after: after?.[1] });
}

const TEN = Array.from({ length: 10 }, (_, index) => `line ${index}\n`).join("");

/** Contents that git applies to get from one to the other. */
const CASES: readonly (readonly [what: string, before: Half, after: Half, has: RegExp])[] = [
  ["a line in the middle", file(TEN), file(TEN.replace("line 5", "line five")), /^@@ -3,7 \+3,7 @@$/m],
  ["a first line", file(TEN), file(`first\n${TEN}`), /^@@ -1,3 \+1,4 @@$/m],
  ["two places", file(`${TEN}${TEN}`), file(`a\n${TEN}${TEN}z\n`), /^@@ [^]*^@@ /m],
  ["a new file", undefined, file("a\nb\n"), /^new file mode 100644\n--- \/dev\/null\n\+\+\+ b\/f\n@@ -0,0 \+1,2 @@$/m],
  ["a file less", file("a\n"), undefined, /^deleted file mode 100644\n--- a\/f\n\+\+\+ \/dev\/null\n@@ -1 \+0,0 @@$/m],
  ["a new empty file", undefined, file(""), /^new file mode 100644\n$/m],
  ["no line end", file("a\nb"), file("a\nc"), /^\\ No newline at end of file$/m],
  ["a line end more", file("a"), file("a\n"), /^-a\n\\ No newline at end of file\n\+a$/m],
  ["line ends of two kinds", file("a\r\nb\n"), file("a\nb\r\n"), /^-a\r$/m],
  ["a mode", file(TEN), file(TEN, 0o755), /^old mode 100644\nnew mode 100755\n$/m],
  ["UTF-8", file("ä\n"), file("ö\n"), /^\+ö$/m],
];

const git = spawnSync("git", ["--version"]).status === 0 ? undefined : notInstalled("git");

for (const [what, before, after, has] of CASES)
  requires(git)(`patch: git applies ${what}`, (t) => {
    const patch = patchOf("/f", before, after);
    t.regex(patch, has);
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-patch-"));
    try {
      const path = join(directory, "f");
      if (before) {
        writeFileSync(path, before[1]);
        chmodSync(path, before[0].mode);
      }
      const applied = spawnSync("git", ["apply", "-"], {
        cwd: directory,
        input: patch,
        encoding: "utf8",
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
      });
      t.is(applied.status, 0, `${applied.stderr}\n${patch}`);
      if (!after) return t.false(existsSync(path));
      t.deepEqual(readFileSync(path), Buffer.from(after[1]));
      return t.is(lstatSync(path).mode & 0o111, after[0].mode & 0o111);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

test("patch: bytes, long files, links, owners and odd names", (t) => {
  const link: FileState = { type: "symlink", mode: 0o777, uid: 0, gid: 0, size: 0, link: "to/there" };
  const none = new Uint8Array();
  t.is(patchOf("/b", file(Uint8Array.of(0, 1)), file(Uint8Array.of(0, 2))), "diff --git a/b b/b\nBinary files a/b and b/b differ\n");
  t.regex(patchOf("/b", undefined, file(Uint8Array.of(0xff))), /^Binary files \/dev\/null and b\/b differ$/m);
  t.regex(
    textPatch(
      { path: "/b", change: "modified", aspects: ["content"], before: file("a")[0], after: file("b")[0] },
      { before: undefined, after: undefined },
    ),
    /^Binary files /m,
  );
  t.is(
    patchOf("/l", undefined, [link, none]),
    "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+to/there\n\\ No newline at end of file\n",
  );
  const [state] = file("a");
  t.is(
    textPatch(
      { path: "/o", change: "modified", aspects: ["owner"], before: state, after: { ...state, uid: 5, gid: 6 } },
      { before: none, after: none },
    ),
    "diff --git a/o b/o\nowner 0:0 -> 5:6\n",
  );
  t.is(
    textPatch({ path: "/d", change: "added", aspects: [], after: { ...state, type: "dir", mode: 0o755 } }, { before: none, after: none }),
    "diff --git a/d b/d\nnew file mode 040755\n",
  );
  t.regex(patchOf('/a "b"\n+++ c', undefined, file("x")), /^diff --git "a\/a \\"b\\"\\012\+\+\+ c" "b\/a \\"b\\"\\012\+\+\+ c"$/m);
});
