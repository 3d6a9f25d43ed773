import { noChroot, noSupervised } from "./errors.js";
import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { FILE_SYSTEMS } from "../../core/system/file-systems.js";
import { probe, type ProbeReport, probeUnprivileged } from "../probe.js";
import { emulatedOn } from "../emulated.js";
import { containerSign } from "./container.js";
import { readingOnce } from "./read-once.js";
import type { ReadFile } from "../read-text.js";
import { probeFingerprint } from "./probe-fingerprint.js";
import { type Isolation, type Tier } from "../tier.js";

/** A tier, and the reason why it is no better one. */
export interface ChosenTier {
  readonly tier: Tier;
  readonly reason?: string;
  /** Reason why the roots of steps with namespaces are copies of their layers, not overlays. */
  readonly copies?: string;
}

/** Capabilities that a step without namespaces needs of whoever runs it, by number. */
const NEEDED: Readonly<Record<string, number>> = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_FOWNER: 3,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_SYS_CHROOT: 18,
};

/** Machine that a tier is chosen for. */
export interface TierMachine {
  readonly probe: (directory: string) => ProbeReport;
  readonly isContainer: (read: ReadFile) => boolean;
  /** Returns the reason why a tier cannot be had. */
  readonly lackingForChroot: (read: ReadFile) => string | undefined;
  readonly lackingForSupervised: (read: ReadFile) => string | undefined;
  /** Tries in a directory what that tier needs of the kernel, and returns what it lacks. */
  readonly probeUnprivileged: (directory: string) => string | undefined;
  /** Returns true for a directory on a file system of a kind that overlays are known to work on. */
  readonly takesOverlays: (directory: string) => boolean;
  /** See {@link probeFingerprint}. */
  readonly probeFingerprint: (directory: string, read: ReadFile) => string;
}

/** Answers of earlier processes. */
export interface TierMemory {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
}

const HERE: TierMachine = {
  probe,
  isContainer: (read) => containerSign({ read }) !== undefined,
  takesOverlays,
  probeFingerprint,
  lackingForChroot,
  lackingForSupervised,
  probeUnprivileged,
};

/** File systems that overlays work on; of others it is tried. */
const OVERLAY_PLACES: ReadonlySet<string | undefined> = new Set(["ext4", "xfs", "btrfs", "tmpfs", "f2fs", "bcachefs"]);

function takesOverlays(directory: string): boolean {
  return OVERLAY_PLACES.has(FILE_SYSTEMS[statfsSync(directory).type]);
}

/**
 * Chooses by trying in `directory`. Throws `exec/isolation` when the tier that is asked for cannot
 * be had; the best that works is never below `namespaces` on a plain machine, where no container is
 * a boundary around what a step does. Note that we remember what a probe found, because it starts
 * processes, and a build without changes starts none.
 */
export function chooseTier(
  wanted: Isolation,
  directory: string,
  memory?: TierMemory,
  machine = HERE,
  read: ReadFile = readingOnce(),
): ChosenTier {
  if (wanted === "supervised") {
    const lacking = machine.lackingForSupervised(read) ?? lookedUpUnprivileged(nearest(directory), read, memory, machine);
    if (lacking === undefined) return { tier: "supervised", reason: "it was asked for" };
    throw noSupervised(lacking);
  }
  if (wanted === "chroot") {
    const lacking = machine.lackingForChroot(read);
    if (lacking === undefined) return { tier: "chroot", reason: "it was asked for" };
    throw noChroot(lacking);
  }
  const place = nearest(directory);
  const isContainer = machine.isContainer(read);
  if (!isContainer && machine.takesOverlays(place)) return { tier: "namespaces" };
  const { problem, copies } = lookedUp(machine.probeFingerprint(place, read), place, memory, machine);
  if (problem === undefined) return { tier: "namespaces", ...(copies !== undefined && { copies }) };
  if (wanted === "namespaces" || !isContainer) return { tier: "namespaces" };
  const lacking = machine.lackingForChroot(read);
  if (lacking === undefined) return { tier: "chroot", reason: problem };
  const unprivileged = machine.lackingForSupervised(read) ?? lookedUpUnprivileged(place, read, memory, machine);
  if (unprivileged === undefined) return { tier: "supervised", reason: problem };
  return { tier: "namespaces", reason: `${problem}; and no other isolation can be had: chroot: ${lacking}; supervised: ${unprivileged}` };
}

/** Lacks that a probe found. */
interface Missing {
  /** Reason why steps cannot have namespaces. */
  readonly problem?: string;
  /** Reason why no overlay can be mounted. */
  readonly copies?: string;
}

function lookedUp(key: string, place: string, memory: TierMemory | undefined, machine: TierMachine): Missing {
  const known = memory?.get(key);
  if (known !== undefined) return JSON.parse(known) as Missing;
  const failed = machine.probe(place).features.filter(({ ok }) => !ok);
  const problem = failed.find(({ name }) => name !== "overlay")?.problem;
  const copies = failed.find(({ name }) => name === "overlay")?.problem;
  const missing = { ...(problem !== undefined && { problem }), ...(copies !== undefined && { copies }) };
  memory?.set(key, JSON.stringify(missing));
  return missing;
}

/** Returns what the tier without any privilege lacks; "" in the memory is nothing. */
function lookedUpUnprivileged(place: string, read: ReadFile, memory: TierMemory | undefined, machine: TierMachine): string | undefined {
  const key = `unprivileged ${machine.probeFingerprint(place, read)}`;
  const lacking = memory?.get(key) ?? machine.probeUnprivileged(place) ?? "";
  memory?.set(key, lacking);
  return lacking === "" ? undefined : lacking;
}

const EMULATED = "an emulator runs tsbuild itself";

/** Returns the reason why a step without namespaces cannot run here. */
function lackingForChroot(read: ReadFile): string | undefined {
  if (emulatedOn(read) !== undefined) return EMULATED;
  if (process.geteuid?.() !== 0) return `it needs root, and this is user ${process.geteuid?.()}`;
  const status = read("/proc/self/status") ?? "";
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const missing = Object.entries(NEEDED).filter(([, number]) => !(effective & (1n << BigInt(number))));
  if (missing.length > 0) return `this process lacks ${missing.map(([name]) => name).join(", ")}`;
  const ids = Math.min(...["uid_map", "gid_map"].map((name) => idsOf(read(`/proc/self/${name}`) ?? "")));
  return ids >= IDS ? undefined : `this user namespace has ${ids} of the ${IDS} ids that images have`;
}

/** Returns the reason why a step without any privilege cannot run here. */
function lackingForSupervised(read: ReadFile): string | undefined {
  if (emulatedOn(read) !== undefined) return EMULATED;
  if (process.geteuid?.() === 0) return "this is root, whose rights a step would have";
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(read("/proc/self/status") ?? "")?.[1] ?? "0"}`);
  return effective === 0n ? undefined : "this process has capabilities, which a step would have";
}

/** Number of ids that files of images usually have. */
const IDS = 65_536;

/** Returns the number of ids in a map, whose lines are `inside outside count`. */
function idsOf(map: string): number {
  const counts = map.split("\n").map((line) => Number(line.trim().split(/\s+/)[2] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Returns the directory, or the nearest above it that is there. */
function nearest(directory: string): string {
  if (existsSync(directory)) return directory;
  const above = dirname(directory);
  return above === directory ? tmpdir() : nearest(above);
}
