import {
  appendFileSync,
  chmodSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { Rig } from "../../support/rigs/rig.js";
import { removeTree } from "../../support/remove-tree.js";

// Unpacked layers that were changed by hand, or cut by a power failure: found by `du --verify`,
// never used by `--no-cache`, and made again from their blobs.

const { serial, host } = busyboxSuite();

const DOCKERFILE = `ARG REGISTRY=localhost
FROM $REGISTRY/busybox
RUN cp /etc/passwd /copy; find /bin /etc /home -xdev | sort | xargs stat -c '%N %a %u' >/list
`;

const CHANGES: Readonly<Record<string, (fs: string) => void>> = {
  "content of the same size": (fs) => {
    const path = join(fs, "etc/passwd");
    writeFileSync(path, readFileSync(path, "utf8").replace("app", "xyz"));
  },
  "content that was appended to": (fs) => appendFileSync(join(fs, "etc/passwd"), "more:x:7:7:::\n"),
  "content that was cut": (fs) => truncateSync(join(fs, "etc/passwd"), 3),
  "content that was zeroed": (fs) => {
    const path = join(fs, "etc/passwd");
    writeFileSync(path, Buffer.alloc(readFileSync(path).length));
  },
  "a mode": (fs) => chmodSync(join(fs, "etc/passwd"), 0o600),
  "a mode of a directory": (fs) => chmodSync(join(fs, "etc"), 0o700),
  "a file that is missing": (fs) => rmSync(join(fs, "etc/passwd")),
  "a file that was added": (fs) => writeFileSync(join(fs, "etc/added"), ""),
  "a link that leads elsewhere": (fs) => {
    rmSync(join(fs, "bin/cat"));
    symlinkSync("elsewhere", join(fs, "bin/cat"));
  },
  "a file in place of a link": (fs) => {
    rmSync(join(fs, "bin/cat"));
    writeFileSync(join(fs, "bin/cat"), "");
  },
  "a directory that is missing": (fs) => rmSync(join(fs, "home"), { recursive: true }),
  "everything missing": (fs) => removeTree(join(fs, "..")),
  "another name": (fs) => renameSync(join(fs, "etc/group"), join(fs, "etc/groups")),
};

/** Rig whose store every case begins with a copy of, and the id of its image. */
let whole: Rig | undefined;
let expected: string;

async function build(t: ExecutionContext, rig: Rig, ...flags: readonly string[]): Promise<string> {
  rig.context("context", { Dockerfile: DOCKERFILE });
  const args = ["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, ...flags, rig.path("context")];
  const { code, stdout, stderr } = await rig.cli(args, { env: { SOURCE_DATE_EPOCH: "1700000000" } });
  t.is(code, 0, stderr);
  return stdout.toString();
}

const verify = async (rig: Rig) => (await rig.cli(["du", "--verify"])).code;

serial("a store is made to be damaged", async (t) => {
  whole = new Rig();
  expected = await build(t, whole);
  t.is(await verify(whole), 0);
});

for (const [what, change] of Object.entries(CHANGES)) {
  serial(`a damaged base layer (${what}) reaches no image that is built without the cache, and du --verify finds and drops it`, (t) =>
    withRig(async (rig) => {
      const { code, stderr } = await rig.spawn("cp", ["-a", "--reflink=auto", whole?.store ?? "", rig.store]).ended;
      t.is(code, 0, stderr);
      change(base(rig));
      t.is(await build(t, rig, "--no-cache"), expected);
      t.is(await verify(rig), 0, "the damaged one has gone");
      change(base(rig));
      const found = await rig.cli(["du", "--verify"]);
      t.is(found.code, 1);
      t.regex(found.stdout.toString(), /snapshot/);
      t.is(await verify(rig), 0, "the damaged one has gone");
      t.is(await build(t, rig, "--no-cache=layers"), expected);
    }),
  );
}

test.after.always(() => whole?.dispose());

/** Returns the unpacked layer of the base image. */
function base(rig: Rig): string {
  const snapshots = join(rig.store, "v1", "snapshots");
  const found = readdirSync(snapshots).find((name) => readdirSync(join(snapshots, name, "fs")).includes("bin"));
  if (found === undefined) throw new Error("the base image is not unpacked");
  return join(snapshots, found, "fs");
}
