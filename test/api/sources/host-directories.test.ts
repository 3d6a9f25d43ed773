import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { hostDirectories, requireHostDirectory } from "../../../api/sources/host-directories.js";
import { refuseSpecialFiles } from "../../../solver/ops/local/special-files.js";

function directory(t: ExecutionContext): string {
  const made = mkdtempSync(join(tmpdir(), "tsbuild-host-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  mkdirSync(join(made, "data", "sub"), { recursive: true });
  mkdirSync(join(made, "other"));
  symlinkSync("../other", join(made, "data", "out"));
  return made;
}

/** Rights, the context's directory, and the outcome. Paths are below one directory. */
const CONSENT: readonly (readonly [right: string | undefined, path: string, allowed: boolean])[] = [
  [undefined, "data", false],
  ["data", "data", true],
  ["data", "data/sub", true],
  ["", "data", true],
  ["data/sub", "data", false],
  ["other", "data", false],
  // Links decide by where they lead.
  ["data", "data/out", false],
  ["other", "data/out", true],
  ["data/out", "other", true],
];

test("hostDirectories(): a directory is allowed by itself and its parents, wherever links lead", (t) => {
  const base = directory(t);
  for (const [right, path, allowed] of CONSENT) {
    const found = hostDirectories({ "host:x": join(base, path) }, right === undefined ? [] : [`fs.read=${join(base, right)}`]);
    t.deepEqual([...found], [["host:x", { path: join(base, path), allowed }]], `${right} ${path}`);
  }
});

test("hostDirectories(): other contexts are none of the machine", (t) => {
  const contexts = { data: "/data", "host:code": "https://example.com/code.git", "HOST:Upper": "/upper" };
  t.deepEqual([...hostDirectories(contexts, ["fs.read=*"]).keys()], ["host:upper"]);
});

const line = (path: string, type: string): string => `22 28 0:21 / ${path} rw - ${type} none rw`;

test("requireHostDirectory(): what shows the kernel or the store is refused", (t) => {
  const base = directory(t);
  const store = join(base, "store");
  const given = join(base, "data");
  const cases: readonly (readonly [mounts: readonly string[], problem: RegExp | undefined])[] = [
    [[line("/", "ext4")], undefined],
    [[line("/", "ext4"), line(join(given, "sub"), "ext4")], undefined],
    [[line("/", "ext4"), line(join(given, "sub"), "proc")], /sub shows the kernel \(proc\)$/],
    [[line("/", "ext4"), line(base, "sysfs")], /shows the kernel \(sysfs\)$/],
    [[line("/", "ext4"), line(`${given}\\040two`, "proc")], undefined],
    [[line("/", "ext4"), line(join(given, "a\\040b"), "devtmpfs")], /a b shows the kernel \(devtmpfs\)$/],
  ];
  for (const [mounts, problem] of cases) {
    const check = (): void => requireHostDirectory("host:x", given, { store, mounts: mounts.join("\n") });
    if (problem) t.throws(check, { code: "context/host-directory", message: problem });
    else t.notThrows(check);
  }
  mkdirSync(join(given, "sub", "store"));
  const inside = { store: join(given, "sub", "store"), mounts: line("/", "ext4") };
  t.throws(() => requireHostDirectory("host:x", given, inside), {
    code: "context/host-directory",
    message: /the store of builds is in it/,
  });
});

test("refuseSpecialFiles(): a socket anywhere below the part that is mounted", async (t) => {
  const base = directory(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(base, "data", "sub", "s"), resolve));
  t.teardown(() => server.close());
  const message = 'Cannot give a step the context "host:x": "data/sub/s" is a socket';
  t.throws(() => refuseSpecialFiles({ root: base, name: 'context "host:x"' }, ""), { code: "context/host-directory", message });
  t.throws(() => refuseSpecialFiles({ root: base, name: 'context "host:x"' }, "data"), { message });
  t.notThrows(() => refuseSpecialFiles({ root: base, name: "x" }, "other"));
});
