import test from "ava";
import type { ExecOp, FileOp } from "../../../llb/ops.js";
import { compareSteps } from "../../../solver/explain/components.js";
import { COPY, NO_SELECTIONS, RUN, compared, copy, hiddenBy, identity, texts } from "./compared-steps.js";

const CACHE: ExecOp["mounts"][number] = {
  type: "cache",
  dest: "/c",
  readonly: false,
  input: -1,
  selector: "/",
  id: "a",
  sharing: "shared",
  uid: 0,
  gid: 0,
  mode: 0o755,
};

/** Changes of an operation, and the words for each. */
const OPS: readonly (readonly [ExecOp | FileOp, ExecOp | FileOp, string])[] = [
  [RUN, { ...RUN, env: ["PATH=/bin", "VERSION=2"] }, 'ENV VERSION went from "1" to "2"'],
  [RUN, { ...RUN, env: ["PATH=/bin", "VERSION=1", "MODE=fast"] }, 'ENV MODE is "fast" now, and was not set'],
  [RUN, { ...RUN, env: ["PATH=/bin"] }, 'ENV VERSION is not set any more, it was "1"'],
  [RUN, { ...RUN, env: ["VERSION=1", "PATH=/bin"] }, "the order of environment variables changed"],
  [{ ...RUN, env: ["OPT=1"] }, { ...RUN, env: ["OPT=2"] }, 'ARG OPT went from "1" to "2"'],
  [{ ...RUN, env: ["API_TOKEN=1"] }, { ...RUN, env: ["API_TOKEN=2"] }, "ENV API_TOKEN changed"],
  [{ ...RUN, env: [] }, { ...RUN, env: ["API_TOKEN=2"] }, "ENV API_TOKEN was added"],
  [RUN, { ...RUN, args: ["/bin/sh", "-c", "make  all"] }, 'the command went from "make" to "make all"'],
  [RUN, { ...RUN, args: ["make"] }, 'the command went from "/bin/sh -c make" to "make"'],
  [
    { ...RUN, ulimits: [{ name: "core", soft: 0, hard: 0 }] },
    { ...RUN, ulimits: [{ name: "core", soft: 0, hard: 5 }] },
    '--ulimit went from "core=0" to "core=0:5"',
  ],
  [RUN, { ...RUN, cwd: "/", user: "app" }, 'WORKDIR went from "/src" to "/"; USER is "app" now, and was not set'],
  [RUN, { ...RUN, network: "none" }, '--network went from "default" to "none"'],
  [
    RUN,
    { ...RUN, mounts: [...RUN.mounts, { type: "tmpfs", dest: "/tmp", readonly: false, size: 0 }] },
    "the tmpfs mount at /tmp was added",
  ],
  [
    { ...RUN, mounts: [...RUN.mounts, CACHE] },
    { ...RUN, mounts: [...RUN.mounts, { ...CACHE, id: "b", sharing: "locked", mode: 0o700, input: 1 }] },
    'the cache mount at /c changed (id "a" to "b", mode "0755" to "0700", sharing "shared" to "locked")',
  ],
  [
    { ...RUN, mounts: [...RUN.mounts, { type: "tmpfs", dest: "/c", readonly: false, size: 0 }] },
    { ...RUN, mounts: [...RUN.mounts, CACHE] },
    "the cache mount at /c changed",
  ],
  [
    RUN,
    {
      ...RUN,
      extraHosts: [
        { host: "a", ip: "::1" },
        { host: "b", ip: "127.0.0.1" },
      ],
    },
    '--add-host is "a:::1 b:127.0.0.1" now, and was not set',
  ],
  [RUN, { ...RUN, shmSize: 64 }, '--shm-size is "64" now, and was not set'],
  [COPY, copy({ mode: 0o755 }), '--chmod is "0755" now, and was not set'],
  [copy({ owner: { user: "a", group: 5 } }), copy({ owner: { user: "b" } }), '--chown went from "a:5" to "b"'],
  [COPY, copy({ dest: "/srv/" }), 'the destination went from "/app/" to "/srv/"'],
  [COPY, copy({ dirCopyContents: false }), 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [COPY, { kind: "file", actions: [...COPY.actions, ...COPY.actions] }, 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [COPY, RUN, 'the instruction went from "COPY a /b" to "COPY c /d"'],
  [
    { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/f", mode: 0o644, data: "YQ==" }] },
    { kind: "file", actions: [{ action: "mkfile", input: -1, path: "/f", mode: 0o644, data: "Yg==" }] },
    "the inline file f changed",
  ],
];

for (const [index, [before, after, expected]] of OPS.entries()) {
  test(`operation ${index + 1}: ${expected}`, (t) => {
    const step = (op: ExecOp | FileOp, name: string) => compared(`[1/2] ${name}`, { identity: identity(op), inputs: [] });
    const options = { args: new Set(["OPT"]), selections: NO_SELECTIONS, hiddenBy };
    t.is(texts(compareSteps(step(before, "COPY a /b"), step(after, "COPY c /d"), options)), expected);
  });
}

test("platform, SOURCE_DATE_EPOCH, and identities of other kinds", (t) => {
  const compare = (before: string, after: string) =>
    texts(
      compareSteps(compared("a", { identity: before, inputs: [] }), compared("a", { identity: after, inputs: [] }), {
        args: new Set(),
        selections: NO_SELECTIONS,
        hiddenBy,
      }),
    );
  t.is(
    compare(identity(RUN, { platform: "linux/amd64" }), identity(RUN, { platform: "linux/arm64" })),
    'the platform went from "linux/amd64" to "linux/arm64"',
  );
  t.is(compare(identity(RUN), identity(RUN, { epoch: 7 })), 'SOURCE_DATE_EPOCH is "7" now, and was not set');
  const dated = (epoch: number) => identity({ ...RUN, env: [`SOURCE_DATE_EPOCH=${epoch}`] }, { epoch });
  t.is(compare(dated(1), dated(2)), 'ENV SOURCE_DATE_EPOCH went from "1" to "2"');
  for (const odd of ["", "null", "7", '{"kind":"merge"}', "image 123"]) t.is(compare(odd, identity(RUN)), "the instruction changed", odd);
});

test("inputs: parents, base images, another number of them, files that are not known any more", (t) => {
  const inputs = (...pairs: (readonly [string, string])[]) =>
    compared("[2/2] RUN x", { identity: "same", inputs: pairs.map(([name, key]) => ({ name, key })) });
  const compare = (before: ReturnType<typeof inputs>, after: ReturnType<typeof inputs>) =>
    texts(compareSteps(before, after, { args: new Set(), selections: NO_SELECTIONS, hiddenBy }));
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[2/5] RUN make", "2"])),
    "the step before it ([2/5] RUN make) gave another result",
  );
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[3/6] RUN make", "2"])),
    "the step before it ([3/6] RUN make) gave another result",
  );
  t.is(
    compare(inputs(["[2/5] RUN make", "1"]), inputs(["[2/5] RUN test", "2"])),
    "the step before it is [2/5] RUN test now, it was [2/5] RUN make",
  );
  const base = (letter: string) => `[1/2] FROM docker.io/library/a:1@sha256:${letter.repeat(64)}`;
  t.is(
    compare(inputs([base("a"), "1"]), inputs([base("b"), "2"])),
    `the base image docker.io/library/a:1 moved from sha256:${"a".repeat(12)} to sha256:${"b".repeat(12)}`,
  );
  t.is(compare(inputs(["FROM a:1@sha256:1", "1"]), inputs(["FROM a:2@sha256:2", "2"])), 'the base image went from "a:1" to "a:2"');
  t.is(compare(inputs(["a", "1"]), inputs(["a", "1"], ["b", "2"])), "the step before it is b now, there was none");
  t.is(compare(inputs(["a", "1"], ["b", "2"]), inputs(["a", "1"])), "there is no step before it now, it was b");
  t.is(
    compare(inputs(["a", "1"], ["s", "content:1"]), inputs(["s", "content:2"])),
    "files of s changed; there is no step before it now, it was a",
  );
  t.is(
    compare(inputs(["[internal] load build context", "content:1"]), inputs(["[internal] load build context", "content:2"])),
    "files of the build context changed",
  );
  t.is(compare(inputs(["s", "content:1"]), inputs(["s", "content:2"])), "files of s changed");
  t.is(compare(inputs(["s", "1"]), inputs(["s", "1"])), "");
});
