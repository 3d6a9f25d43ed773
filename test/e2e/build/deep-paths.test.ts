import { readdirSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";

// Directories nested deeper than a path can name: steps that make them fail by name, and the store
// works on, whatever is in it.

const { serial, host } = busyboxSuite();

const DEEP: Readonly<Record<string, string>> = {
  "long names": `n=$(printf 'n%.0s' $(seq 240)); p=$n/$n/$n/$n/$n/$n; mkdir -p a/$p; for i in 1 2 3; do mkdir -p b/$p; mv a b/$p; mv b a; done`,
  "2,500 levels": `p=$(printf 'd/%.0s' $(seq 500)); mkdir -p a/$p; for i in 1 2 3 4; do mkdir -p b/$p; mv a b/$p; mv b a; done`,
  "a tree moved into another": `n=$(printf 'd%.0s' $(seq 200)); p=$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n; mkdir -p /a/$p /b/$p && mv /b /a/$p/`,
};

const dockerfile = (last: string) => `ARG REGISTRY=localhost
FROM $REGISTRY/busybox
RUN echo first
${last}
`;

for (const [name, script] of Object.entries(DEEP)) {
  serial(`a step that makes ${name} fails by name; nothing of it is left, and du, prune and the budget work`, (t) =>
    withRig(async (rig) => {
      const build = (env: Record<string, string> = {}) =>
        rig.cli(["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, rig.path("context")], { env });
      rig.context("context", { Dockerfile: dockerfile(`WORKDIR /w\nRUN ${script}`) });
      for (const round of [1, 2]) {
        const { code, stderr } = await build();
        t.is(code, 1, stderr);
        t.regex(stderr, /error\[exec\/path-too-long\]: Cannot keep what the step made: the path "/, `round ${round}`);
        t.regex(stderr, /Dockerfile:5\n/);
        t.notRegex(stderr, /suppressed|internal:/);
      }
      // Snapshots of the base image and of the steps before.
      t.is(rig.snapshots().length, 3);
      t.is((await rig.cli(["du"])).code, 0);
      t.is((await rig.cli(["du", "--verify"])).code, 0);
      t.is((await rig.cli(["prune", "--force", "--all"])).code, 0);
      t.deepEqual(rig.snapshots(), []);
    }),
  );
}

serial("a step that fails after it made such directories fails for its own reason", (t) =>
  withRig(async (rig) => {
    rig.context("context", { Dockerfile: dockerfile(`RUN mkdir /w; cd /w; ${DEEP["2,500 levels"] as string}; exit 7`) });
    const { code, stderr } = await rig.cli(["build", `--build-arg=REGISTRY=${host()}`, rig.path("context")]);
    t.is(code, 1);
    t.regex(stderr, /ended with exit code 7|exit code: 7|exit code 7/);
    // Without namespaces the state would be a copy, which no path reaches.
    const isKept = !stderr.includes("steps run with isolation");
    t.is(rig.snapshots().length, isKept ? 3 : 2, "the base, the files of the context, and the state of the step");
    const pruned = await rig.cli(["prune", "--force", "--all"]);
    t.is(pruned.code, 0, pruned.stderr);
    t.deepEqual(rig.snapshots(), []);
  }),
);

serial("a cache mount may have such directories: it is measured, counted by the budget, and removed", (t) =>
  withRig(async (rig) => {
    rig.context("context", { Dockerfile: dockerfile(`RUN --mount=type=cache,target=/cache cd /cache; ${DEEP["2,500 levels"] as string}`) });
    const mounts = () => readdirSync(join(rig.store, "v1", "mounts"));
    const args = ["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, rig.path("context")];
    const first = await rig.cli(args);
    t.is(first.code, 0, first.stderr);
    t.is(mounts().length, 1);
    const du = await rig.cli(["du"]);
    t.is(du.code, 0, du.stderr);
    const used = await rig.cli([...args, "--no-cache"], { env: { TSBUILD_CACHE_BUDGET: "1m" } });
    t.is(used.code, 0, used.stderr);
    const pruned = await rig.cli(["prune", "--force", "--all"]);
    t.is(pruned.code, 0, pruned.stderr);
    t.deepEqual(mounts(), []);
  }),
);
