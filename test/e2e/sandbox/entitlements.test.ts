import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { withoutNamespaces } from "../../support/requires.js";
import type { Rig } from "../../support/rigs/rig.js";

const { requiring, host } = busyboxSuite();
const serial = requiring(withoutNamespaces());

const run = (rig: Rig, steps: string, ...args: readonly string[]) => {
  const context = rig.context("context", { Dockerfile: `ARG REGISTRY\nFROM $REGISTRY/busybox\n${steps}\n` });
  return rig.cli(["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly", ...args, context]);
};

serial("a step without a sandbox's limits needs --allow, also when it is cached", async (t) => {
  await withRig(async (rig) => {
    const step = "RUN --security=insecure grep -q CapEff.*1ffffffffff /proc/self/status";
    const before = await run(rig, step);
    t.is(before.code, 1, before.stderr);
    t.regex(
      before.stderr,
      /error\[build\/not-allowed\]: Cannot run ".*": security\.insecure is not allowed\n {2}context\/Dockerfile:3:1\n/,
    );
    t.regex(before.stderr, /hint: .*--allow security\.insecure\n/);
    const allowed = await run(rig, step, "--allow", "security.insecure");
    t.is(allowed.code, 0, allowed.stderr);
    const cached = await run(rig, step, "--allow", "security.insecure");
    t.regex(cached.stderr, /CACHED/);
    const after = await run(rig, step);
    t.is(after.code, 1, "a cached result is refused as well");
    t.notRegex(after.stderr, /CACHED/);
  });
});

serial("--network=none holds for steps that ask for the default network", async (t) => {
  await withRig(async (rig) => {
    const interfaces = "test $(tail -n +3 /proc/net/dev | grep -vc lo:) = 0";
    const built = await run(rig, `RUN ${interfaces}\nRUN --network=default ${interfaces} && true`, "--network=none");
    t.is(built.code, 0, built.stderr);
    const refused = await run(rig, "RUN --network=host true", "--network=none");
    t.regex(refused.stderr, /network\.host is not allowed/);
    t.is((await run(rig, "RUN --network=host true", "--network=none", "--allow=network.host")).code, 0);
  });
});
