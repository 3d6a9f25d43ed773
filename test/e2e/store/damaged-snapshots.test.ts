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
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";
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

for (const [what, change] of Object.entries(CHANGES)) {
  serial(`a damaged base layer (${what}) reaches no image that is built without the cache, and du --verify finds and fixes it`, (t) =>
    withRig(async (rig) => {
      rig.context("context", { Dockerfile: DOCKERFILE });
      const env = { SOURCE_DATE_EPOCH: "1700000000" };
      const build = async (...flags: readonly string[]) => {
        const { code, stdout, stderr } = await rig.cli(
          ["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, ...flags, rig.path("context")],
          { env },
        );
        t.is(code, 0, stderr);
        return stdout.toString();
      };
      const verify = async () => (await rig.cli(["du", "--verify"])).code;
      const whole = await build();
      t.is(await verify(), 0);
      change(base(rig));
      t.is(await build("--no-cache"), whole);
      t.is(await verify(), 0, "the damaged one has gone");
      change(base(rig));
      const found = await rig.cli(["du", "--verify"]);
      t.is(found.code, 1);
      t.regex(found.stdout.toString(), /snapshot/);
      t.is(await verify(), 0, "the damaged one has gone");
      t.is(await build("--no-cache=layers"), whole);
    }),
  );
}

/** Returns the unpacked layer of the base image. */
function base(rig: Rig): string {
  const snapshots = join(rig.store, "v1", "snapshots");
  const found = readdirSync(snapshots).find((name) => readdirSync(join(snapshots, name, "fs")).includes("bin"));
  if (found === undefined) throw new Error("the base image is not unpacked");
  return join(snapshots, found, "fs");
}
