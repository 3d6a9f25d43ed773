import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { BuildDevices } from "../../../api/build/device-rights.js";
import { deviceEdits } from "../../../executor-native/devices/device-edits.js";
import { machineDevices } from "../../../executor-native/devices/machine-devices.js";
import type { Right } from "../../../llb/entitlements.js";

/** Writes specifications into directories, the last of which wins. Returns the variable. */
function specs(t: ExecutionContext, files: Readonly<Record<string, string | object>>): { readonly TSBUILD_CDI_DIRS: string } {
  const base = mkdtempSync(join(tmpdir(), "tsbuild-cdi-"));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(base, path, ".."), { recursive: true });
    writeFileSync(join(base, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return { TSBUILD_CDI_DIRS: [join(base, "one"), join(base, "two"), join(base, "absent")].join(":") };
}

const YAML = `cdiVersion: "0.6.0"
kind: vendor.com/device
annotations: { org.mobyproject.buildkit.device.class: accelerator }
containerEdits:
  env: [COMMON=1, BOTH=common]
devices:
- name: b
  containerEdits: { env: [B=2] }
- name: a
  containerEdits:
    env: [BOTH=a]
    deviceNodes: [{ path: /dev/own, hostPath: /dev/null }]
    mounts: [{ hostPath: /usr/bin/env, containerPath: /opt/env, options: [ro, bind] }, { hostPath: /usr, containerPath: /opt/usr }]
    additionalGids: [44, 44]
`;
const JSON_SPEC = {
  cdiVersion: "0.6.0",
  kind: "other.com/gpu",
  devices: [{ name: "all", annotations: { "org.mobyproject.buildkit.device.autoallow": "true" } }],
};

/** A name, and the devices that it means. */
const MEANINGS: readonly (readonly [name: string, devices: readonly string[]])[] = [
  ["vendor.com/device=a", ["vendor.com/device=a"]],
  ["vendor.com/device=c", []],
  ["vendor.com/device", ["vendor.com/device=a"]],
  ["vendor.com/device=*", ["vendor.com/device=a", "vendor.com/device=b"]],
  ["accelerator", ["vendor.com/device=a", "vendor.com/device=b"]],
  ["other.com/gpu", ["other.com/gpu=all"]],
  ["vendor.com", []],
];

test("a name means devices as in BuildKit: one, the first of a kind, all of it, a class", async (t) => {
  const machine = await machineDevices(specs(t, { "one/a.yaml": YAML, "two/b.json": JSON_SPEC, "one/notes.txt": "?" }));
  t.deepEqual(machine.problems, []);
  t.deepEqual(machine.names, ["other.com/gpu=all", "vendor.com/device=a", "vendor.com/device=b"]);
  for (const [name, devices] of MEANINGS) t.deepEqual(machine.find(name), devices, name);
});

test("devices give a step variables, nodes, read-only files and groups, each once", async (t) => {
  const machine = await machineDevices(specs(t, { "one/a.yaml": YAML }));
  const { env, mounts, groups } = deviceEdits(
    machine.findAll([
      { name: "vendor.com/device=*", optional: false },
      { name: "vendor.com/device=a", optional: true },
    ]),
  );
  t.deepEqual(env, ["COMMON=1", "BOTH=a", "B=2"]);
  t.deepEqual(groups, [44]);
  t.deepEqual(
    mounts.map((mount) => [mount.type, mount.dest]),
    [
      ["device", "/dev/own"],
      ["host", "/opt/env"],
      ["host", "/opt/usr"],
    ],
  );
});

test("a later directory wins, and a name that two files of one have is a problem", async (t) => {
  const spec = (value: string) => ({ kind: "v.com/c", devices: [{ name: "x", containerEdits: { env: [`FROM=${value}`] } }] });
  const machine = await machineDevices(specs(t, { "one/a.json": spec("one"), "two/a.json": spec("two"), "two/b.json": spec("three") }));
  t.deepEqual(deviceEdits(machine.findAll([{ name: "v.com/c", optional: false }])).env, ["FROM=two"]);
  t.is(machine.problems.length, 1);
  t.regex(machine.problems[0]?.why ?? "", /^it has v\.com\/c=x, as .*two\/a\.json has$/);
});

/** A file, and why it cannot be used. */
const BROKEN: readonly (readonly [content: string | object, why: RegExp])[] = [
  ["{", /JSON/],
  [[], /^the file is no object$/],
  [{ kind: "nothing" }, /^the kind "nothing" is no vendor\/class$/],
  [{ kind: "a/b", devices: {} }, /^devices is no list$/],
  [{ kind: "a/b", devices: [{ name: "../x" }] }, /^the device name "\.\.\/x" has other characters/],
  [{ kind: "a/b", containerEdits: { env: ["X"] } }, /^env of containerEdits has "X", which is no NAME=value$/],
  [
    { kind: "a/b", devices: [{ name: "x", containerEdits: { deviceNodes: [{ path: "dev/x" }] } }] },
    /^the path "dev\/x" does not begin with \/$/,
  ],
  [{ kind: "a/b", devices: [{ name: "x", containerEdits: { additionalGids: [-1] } }] }, /^additionalGids of containerEdits of x has "-1"$/],
  [
    { kind: "a/b", containerEdits: { mounts: [{ hostPath: "/a", containerPath: "/b", type: "tmpfs" }] } },
    /^mounts of containerEdits have the type "tmpfs"$/,
  ],
];

test("a specification that cannot be used is a problem with its reason, and takes no other with it", async (t) => {
  for (const [content, why] of BROKEN) {
    const machine = await machineDevices(specs(t, { "one/broken.json": content, "one/a.yaml": YAML }));
    t.is(machine.names.length, 2);
    t.is(machine.problems.length, 1, String(why));
    t.regex(machine.problems[0]?.why ?? "", why);
  }
});

/** Edits that no step gets, and the message. */
const REFUSED: readonly (readonly [edits: object, message: RegExp])[] = [
  [{ hooks: [{ hookName: "createContainer", path: "/usr/bin/tool" }] }, /wants the hook createContainer \(\/usr\/bin\/tool\) for it$/],
  [{ intelRdt: {} }, /wants intelRdt for it$/],
  [{ deviceNodes: [{ path: "/dev/absent-device" }] }, /: \/dev\/absent-device, which .*\.json names, is not there$/],
  [{ deviceNodes: [{ path: "/dev/x", hostPath: "/usr" }] }, /: \/usr, which .*\.json names, is no device$/],
  [{ mounts: [{ hostPath: "/absent-file", containerPath: "/x" }] }, /: \/absent-file, which .*\.json names, is not there$/],
];

test("hooks are refused by name, and so is what is not there", async (t) => {
  for (const [containerEdits, message] of REFUSED) {
    const machine = await machineDevices(specs(t, { "one/a.json": { kind: "v.com/c", devices: [{ name: "x", containerEdits }] } }));
    const devices = machine.findAll([{ name: "v.com/c", optional: false }]);
    t.throws(() => deviceEdits(devices), { code: "exec/device", message });
  }
});

/** Rights, requested devices (a trailing "!" requires one), and the outcome. */
const RIGHTS: readonly (readonly [
  allow: readonly Right[],
  asked: readonly string[],
  missing: readonly string[],
  refused: readonly string[],
])[] = [
  [[], ["vendor.com/device=a"], [], ["vendor.com/device=a"]],
  [["device"], ["vendor.com/device=a", "absent.com/x=y"], [], []],
  [["device=vendor.com/device=a"], ["vendor.com/device=*"], [], ["vendor.com/device=b"]],
  [["device=accelerator"], ["vendor.com/device=*"], [], []],
  [["network.host"], ["absent.com/x=y!", "vendor.com/device=b"], ["absent.com/x=y"], ["vendor.com/device=b"]],
  // The administrator of the machine has opened it to every build.
  [[], ["other.com/gpu=all!"], [], []],
];

test("devices need the caller's consent, all or each", async (t) => {
  const env = specs(t, { "one/a.yaml": YAML, "two/b.json": JSON_SPEC });
  for (const [allow, asked, missing, refused] of RIGHTS) {
    const requests = asked.map((name) => ({ name: name.replace("!", ""), optional: !name.endsWith("!") }));
    t.deepEqual(await new BuildDevices(allow, env).check(requests), { missing, refused }, `${allow.join()} ${asked.join()}`);
  }
});
