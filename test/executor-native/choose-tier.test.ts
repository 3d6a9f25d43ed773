import { tmpdir } from "node:os";
import { chooseTier, type TierMachine, type TierMemory } from "../../executor-native/isolation/choose-tier.js";
import { inChroot } from "../../executor-native/chrooted.js";
import { containerSign, type ContainerSigns } from "../../executor-native/isolation/container.js";
import { probeFingerprint } from "../../executor-native/isolation/probe-fingerprint.js";
import test from "ava";

/** Returns a machine whose namespaces fail with `problem`, and the directories that were probed. */
function machine(
  problem: string | undefined,
  options: {
    readonly isContainer?: boolean;
    readonly takesOverlays?: boolean;
    readonly feature?: string;
    readonly chroot?: string;
    readonly supervised?: string;
    readonly unprivileged?: string;
  } = {},
): TierMachine & { readonly probed: string[]; readonly tried: string[]; now: string; chrootAsked: number } {
  const [probed, tried]: [string[], string[]] = [[], []];
  return {
    probed,
    tried,
    chrootAsked: 0,
    probeUnprivileged(directory) {
      tried.push(directory);
      return options.unprivileged;
    },
    now: "one",
    isContainer: () => options.isContainer ?? true,
    lackingForChroot() {
      this.chrootAsked++;
      return options.chroot;
    },
    lackingForSupervised: () => options.supervised,
    takesOverlays: () => options.takesOverlays ?? true,
    probeFingerprint() {
      return this.now;
    },
    probe(directory) {
      probed.push(directory);
      return {
        features: [{ name: options.feature ?? "user-namespaces", ok: problem === undefined, ...(problem !== undefined && { problem }) }],
      } as never;
    },
  };
}

function memory(): TierMemory {
  const values = new Map<string, string>();
  return { get: (key) => values.get(key), set: (key, value) => void values.set(key, value) };
}

test("auto: tries in a container, and remembers the answer while nothing has changed", (t) => {
  for (const [problem, tier] of [
    ["unshare is refused", "chroot"],
    [undefined, "namespaces"],
  ] as const) {
    const [here, known] = [machine(problem), memory()];
    const choose = (): string => chooseTier("auto", tmpdir(), known, here).tier;
    t.deepEqual([choose(), choose()], [tier, tier]);
    t.deepEqual(here.probed, [tmpdir()]);
    here.now = "two";
    t.is(choose(), tier);
    t.is(here.probed.length, 2);
  }
});

test("auto: takes the tier without privileges last, and only inside a container", (t) => {
  const choose = (options: Parameters<typeof machine>[1]): string =>
    chooseTier("auto", tmpdir(), memory(), machine("unshare is refused", options)).tier;
  t.is(choose({ chroot: "it needs root" }), "supervised");
  t.is(choose({ chroot: "it needs root", isContainer: false }), "namespaces");
  t.is(choose({ chroot: "it lacks a capability", supervised: "this is root" }), "namespaces");
});

test("the tier without privileges is tried once, and the reason is kept where nothing can be had", (t) => {
  for (const unprivileged of [undefined, "ptrace is refused"]) {
    const [here, known] = [machine("unshare is refused", { chroot: "it needs root", ...(unprivileged && { unprivileged }) }), memory()];
    const { tier, reason } = chooseTier("auto", tmpdir(), known, here);
    t.is(tier, unprivileged === undefined ? "supervised" : "namespaces");
    if (unprivileged !== undefined)
      t.is(reason, "unshare is refused; and no other isolation can be had: chroot: it needs root; supervised: ptrace is refused");
    const asked = () => chooseTier("supervised", tmpdir(), known, here).tier;
    if (unprivileged === undefined) t.is(asked(), "supervised");
    else t.throws(asked, { message: /"supervised": ptrace is refused$/ });
    t.deepEqual(here.tried, [tmpdir()]);
  }
});

test("what chroot lacks is looked up only where namespaces fail, or when it was asked for", (t) => {
  const asked = (problem: string | undefined, wanted: "auto" | "namespaces" | "chroot", isContainer = true): number => {
    const here = machine(problem, { isContainer });
    chooseTier(wanted, tmpdir(), memory(), here);
    return here.chrootAsked;
  };
  t.is(asked(undefined, "auto"), 0);
  t.is(asked("unshare is refused", "auto", false), 0);
  t.is(asked("unshare is refused", "namespaces"), 0);
  t.is(asked("unshare is refused", "auto"), 1);
  t.is(asked(undefined, "chroot"), 1);
});

test("a tier that cannot be had is refused with the reason", (t) => {
  const here = machine(undefined, { chroot: "it needs root", supervised: "this is root" });
  t.throws(() => chooseTier("chroot", tmpdir(), memory(), here), { message: /"chroot": it needs root$/ });
  t.throws(() => chooseTier("supervised", tmpdir(), memory(), here), { message: /"supervised": this is root$/ });
});

test("auto: probes nothing on a plain machine, and nothing for a tier that is asked for", (t) => {
  const here = machine("unshare is refused", { isContainer: false });
  t.is(chooseTier("auto", tmpdir(), memory(), here).tier, "namespaces");
  t.is(chooseTier("namespaces", tmpdir(), memory(), here).tier, "namespaces");
  t.deepEqual(here.probed, []);
});

test("steps run on copies of layers where no overlay can be mounted, also on a plain machine", (t) => {
  for (const [isContainer, takesOverlays, copies] of [
    [true, false, "overlays are refused"],
    [true, true, "overlays are refused"],
    [false, false, "overlays are refused"],
    [false, true, undefined],
  ] as const) {
    const here = machine("overlays are refused", { isContainer, takesOverlays, feature: "overlay" });
    const known = memory();
    for (const wanted of ["auto", "namespaces", "auto"] as const) {
      const chosen = chooseTier(wanted, tmpdir(), known, here);
      t.is(chosen.tier, "namespaces");
      t.is(chosen.copies, copies);
    }
    t.is(here.probed.length, copies === undefined ? 0 : 1);
  }
});

test("the fingerprint is the same text until something changes", (t) => {
  t.is(probeFingerprint(tmpdir()), probeFingerprint(tmpdir()));
  t.not(probeFingerprint(tmpdir()), probeFingerprint("/"));
});

/** A machine's own root: every capability is in the bounding set. */
const PLAIN: ContainerSigns = { exists: () => false, read: (path) => FILES[path], env: {} };
const FILES: Readonly<Record<string, string>> = {
  "/proc/1/cgroup": "0::/init.scope\n",
  "/proc/self/status": "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n",
};
const reading = (path: string, text: string) => (asked: string) => (asked === path ? text : FILES[asked]);

const SIGNS: readonly (readonly [sign: string | undefined, signs: Partial<ContainerSigns>])[] = [
  [undefined, {}],
  [undefined, { read: () => undefined }],
  ["there is /.dockerenv", { exists: (path) => path === "/.dockerenv" }],
  ["KUBERNETES_SERVICE_HOST is set", { env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } }],
  ['the variable container is "podman"', { env: { container: "podman" } }],
  ["/proc/1/cgroup names docker", { read: reading("/proc/1/cgroup", "0::/docker/0123\n") }],
  ["CAP_SYS_ADMIN is not in the bounding set", { read: reading("/proc/self/status", "CapBnd:\t00000000a80425fb\n") }],
];

test("a container is known by its signs", (t) => {
  for (const [sign, signs] of SIGNS) t.is(containerSign({ ...PLAIN, ...signs }), sign);
});

const MOUNTS: readonly [title: string, text: string | undefined, isChroot: boolean][] = [
  ["a machine", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /proc rw - proc proc rw\n", false],
  ["a chroot with /proc", "2 1 0:5 / /proc rw - proc proc rw\n3 1 0:6 / /dev rw - devtmpfs dev rw\n", true],
  ["no /proc", undefined, false],
];

for (const [title, text, isChroot] of MOUNTS)
  test(`chroot: ${title}`, (t) =>
    t.is(
      inChroot(() => text),
      isChroot,
    ));
