import test from "ava";
import type { ExecOp, Mount } from "../../../llb/ops.js";
import { execMounts, mountMessage } from "../../../llb/wire/write/mount-message.js";
import { execMessage } from "../../../solver/buildkit-keys/exec-message.js";

const secret = { uid: 0, gid: 0, optional: true, readonly: true } as const;
const cache = { input: -1, selector: "/", uid: 0, gid: 0, mode: 0o755 } as const;

/** The mounts of a step in the order of its Dockerfile. */
const MOUNTS: readonly Mount[] = [
  { type: "bind", dest: "/", readonly: false, input: 0, selector: "/" },
  { type: "tmpfs", dest: "/t", readonly: false, size: 0 },
  { type: "tmpfs", dest: "/a", readonly: false, size: 1 << 20 },
  { type: "ssh", dest: "/run/buildkit/ssh_agent.0", id: "default", mode: 0o600, ...secret },
  { type: "secret", dest: "/run/secrets/s", id: "s", mode: 0o400, ...secret },
  { ...cache, type: "cache", dest: "/c", readonly: false, id: "/c", sharing: "shared" },
  { ...cache, type: "cache", dest: "/d", readonly: true, id: "x", sharing: "locked" },
  { ...cache, type: "cache", dest: "/n", readonly: false, id: "space//n", sharing: "shared" },
  { type: "bind", dest: "/b", readonly: false, input: 1, selector: "/" },
  { type: "bind", dest: "/bb", readonly: true, input: 1, selector: "/busybox" },
];

/** The messages that BuildKit 0.25 wrote into the provenance of this step. */
const WRITTEN = [
  { dest: "/" },
  { input: -1, dest: "/a", output: -1, mountType: 4, TmpfsOpt: { size: 1048576 } },
  { input: 1, dest: "/b", output: -1 },
  { input: 1, selector: "/busybox", dest: "/bb", output: -1, readonly: true },
  { input: -1, dest: "/c", output: -1, mountType: 3, cacheOpt: { ID: "//c" } },
  { input: -1, dest: "/d", output: -1, readonly: true, mountType: 3, cacheOpt: { ID: "/x", sharing: 2 } },
  { input: -1, dest: "/n", output: -1, mountType: 3, cacheOpt: { ID: "space//n" } },
  { input: -1, dest: "/t", output: -1, mountType: 4, TmpfsOpt: {} },
  { input: -1, dest: "/run/secrets/s", mountType: 1, secretOpt: { ID: "s", mode: 256, optional: true } },
  { input: -1, dest: "/run/buildkit/ssh_agent.0", mountType: 2, SSHOpt: { mode: 384, optional: true } },
];

const OP: ExecOp = {
  kind: "exec",
  args: ["/bin/sh", "-c", "true"],
  env: [],
  cwd: "/",
  user: "",
  network: "none",
  security: "sandbox",
  mounts: MOUNTS,
};

test("a step's message is BuildKit's to the letter", (t) => {
  const message = execMessage(
    OP,
    execMounts(OP).map((mount) => mountMessage(mount, "input" in mount ? mount.input : -1)),
  );
  const meta = { args: OP.args, cwd: "/", removeMountStubsRecursive: true };
  t.is(JSON.stringify(message), JSON.stringify({ meta, mounts: WRITTEN, network: 2 }));
});

test("the size of /dev/shm is a mount among the others", (t) => {
  const mounts = execMounts({ ...OP, mounts: MOUNTS.slice(0, 3), shmSize: 7 });
  t.deepEqual(
    mounts.map(({ dest }) => dest),
    ["/", "/a", "/dev/shm", "/t"],
  );
});
