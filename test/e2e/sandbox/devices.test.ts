import { existsSync, statSync, writeFileSync } from "node:fs";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { withoutNamespaces, withoutRoot } from "../../support/requires.js";
import { type OrdinaryUser, ordinaryUser, whoCanReach } from "../../support/rigs/as-user.js";
import { commandAs } from "../../support/rigs/ownership-machine.js";
import { CLI, type Rig } from "../../support/rigs/rig.js";

// RUN --device with the devices of a machine that the test describes.

const { requiring, host } = busyboxSuite();

const SPEC = {
  cdiVersion: "0.6.0",
  kind: "vendor.example/null",
  devices: [
    {
      name: "one",
      containerEdits: {
        env: ["DEVICE=given"],
        deviceNodes: [{ path: "/dev/vendor/null", hostPath: "/dev/null" }],
        mounts: [{ hostPath: "/etc/hostname", containerPath: "/opt/vendor/name" }],
        additionalGids: [4],
      },
    },
  ],
};

const user = whoCanReach(ordinaryUser(), CLI);

function prepare(rig: Rig, steps: string, ...more: readonly string[]) {
  const context = rig.context("context", { Dockerfile: `ARG REGISTRY\nFROM $REGISTRY/busybox\n${steps}\n` });
  rig.context("cdi", { "vendor.json": JSON.stringify(SPEC) });
  const fixed = ["--progress=plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly"];
  return { args: ["build", ...fixed, ...more, context], env: { TSBUILD_CDI_DIRS: rig.path("cdi") } };
}

function build(rig: Rig, steps: string, ...more: readonly string[]) {
  const { args, env } = prepare(rig, steps, ...more);
  return rig.cli(args, { env });
}

const DEVICE = "RUN --device=vendor.example/null=one,required";
const LOOK =
  'test $DEVICE = given && test -c /dev/vendor/null && echo lost >/dev/vendor/null && test -z "$(cat /dev/vendor/null)" && test -f /opt/vendor/name && id -G | grep -qw 4 && echo all';

for (const isolation of ["namespaces", "chroot"]) {
  requiring(withoutNamespaces(), isolation === "chroot" ? withoutRoot : undefined)(
    `${isolation}: a step has the device, its variables, files and groups, and the next step has nothing of them`,
    (t) =>
      withRig(async (rig) => {
        const after = 'RUN test -z "$DEVICE" && test ! -e /dev/vendor && test ! -e /opt/vendor && echo gone';
        const { code, stderr } = await build(rig, `${DEVICE} ${LOOK}\n${after}`, "--allow", "device", "--isolation", isolation);
        t.is(code, 0, stderr);
        t.regex(stderr, / all\n/);
        t.regex(stderr, / gone\n/);
      }),
  );
}

requiring(withoutRoot, "reason" in user ? user.reason : undefined)(
  "supervised: a step of a user without any privilege has the device, cannot change it, and the next step has nothing of it",
  (t) =>
    withRig(async (rig) => {
      const before = statSync("/dev/null").mode;
      const change = 'chmod 600 /dev/vendor/null 2>&1 | grep -c "Read-only"; stat -c "%F %t:%T" /dev/vendor/null';
      const after = 'RUN test -z "$DEVICE" && test ! -e /dev/vendor && test ! -e /opt/vendor && echo gone';
      const { args, env } = prepare(rig, `${DEVICE} ${LOOK}; ${change}\n${after}`, "--allow", "device", "--isolation", "supervised");
      const [command, ...rest] = commandAs(rig, user as OrdinaryUser);
      const { code, stderr } = await rig.spawn(command, [...rest, ...args], { env }).ended;
      t.is(code, 0, stderr);
      for (const line of [/ all\n/, / 1\n/, / character special file 1:3\n/, / gone\n/]) t.regex(stderr, line);
      t.is(statSync("/dev/null").mode, before);
    }),
);

requiring(withoutNamespaces())("the node of the machine cannot be changed", (t) =>
  withRig(async (rig) => {
    const before = statSync("/dev/null").mode;
    const { stderr } = await build(rig, `${DEVICE} chmod 600 /dev/vendor/null || rm /dev/vendor/null || echo kept`, "--allow", "device");
    t.regex(stderr, / kept\n/);
    t.is(statSync("/dev/null").mode, before);
    t.true(existsSync("/dev/null"));
  }),
);

requiring(withoutNamespaces())("a device needs consent, also when the step is cached, and a required one must be there", (t) =>
  withRig(async (rig) => {
    const step = `${DEVICE} true`;
    t.is((await build(rig, step, "--allow", "device=vendor.example/null=one")).code, 0);
    const refused = await build(rig, step);
    t.is(refused.code, 1);
    t.regex(refused.stderr, /error\[build\/not-allowed\]: Cannot run ".*": device=vendor\.example\/null=one is not allowed\n/);
    t.regex(refused.stderr, /hint: .*--allow device=vendor\.example\/null=one\n/);
    const absent = await build(rig, "RUN --device=absent.example/x,required true", "--allow", "device");
    t.is(absent.code, 1);
    t.regex(absent.stderr, /error\[build\/device-not-found\]: Cannot run ".*": there is no device "absent\.example\/x" on this machine\n/);
    t.is((await build(rig, "RUN --device=absent.example/x true")).code, 0, "an optional one need not be there");
  }),
);

requiring(withoutNamespaces())("doctor lists the devices, and the file that cannot be read", (t) =>
  withRig(async (rig) => {
    rig.context("cdi", { "vendor.json": JSON.stringify(SPEC) });
    const env = { TSBUILD_CDI_DIRS: rig.path("cdi") };
    t.regex((await rig.cli(["doctor"], { env })).stdout.toString(), /vendor\.example\/null=one/);
    writeFileSync(rig.path("cdi", "broken.json"), "{");
    t.regex((await rig.cli(["doctor"], { env })).stdout.toString(), /broken\.json cannot be used/);
  }),
);
