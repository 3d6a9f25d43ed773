import { readdirSync, readFileSync } from "node:fs";
import { DEFAULT_LIMITS } from "../../net/limits.js";

/** Limits for a server that git talks to. Times in milliseconds. */
export interface StallLimits {
  /** Time within which something has to happen. */
  readonly silence: number;
  /** Time within which `leastBytes` have to pass, or `leastTicks` of processor time. */
  readonly window: number;
  /**
   * Bytes after which the programs are ended: git keeps the whole list of a server's refs in
   * memory.
   */
  readonly most?: number;
}

const MIN_BYTES = 4096;
/**
 * Hundredths of a second. A program that unpacks or compares reads and writes nothing for a while.
 */
const MIN_TICKS = 20;

/** Work of the processes of a group so far, by their ids. */
export type GroupWork = ReadonlyMap<number, { readonly bytes: number; readonly ticks: number }>;

/** Bytes that a group read and wrote and processor time that it used between two looks. */
interface Work {
  readonly bytes: number;
  readonly ticks: number;
}

/**
 * Finds out that a group of processes waits for a server that does not do its part. Note that we
 * look at what the processes read and compute, because git's own limit is for HTTP only and its
 * progress is silent while it checks out.
 */
export class StallWatch {
  readonly #limits: StallLimits;
  #before: GroupWork = new Map();
  #quiet = 0;
  #total = 0;
  #window: Work = { bytes: 0, ticks: 0 };
  #windowTime = 0;
  readonly #interval: number;

  constructor(limits: StallLimits) {
    this.#limits = limits;
    this.#interval = Math.max(50, Math.min(limits.most === undefined ? 5000 : 500, limits.silence / 6));
  }

  /**
   * Looks at a group again and again. Calls `expire` once with the way in which the server failed,
   * and `onSilence` when nothing happens for a moment. Returns what ends it.
   */
  start(group: number, expire: (how: string) => void, onSilence?: () => () => void): () => void {
    let ended: (() => void) | undefined;
    const stop = (): void => {
      clearInterval(timer);
      ended?.();
    };
    const timer = setInterval(() => {
      const stalled = this.look(groupWork(group), this.#interval);
      if (this.#quiet >= DEFAULT_LIMITS.notice) ended ??= onSilence?.();
      if (this.#quiet === 0) {
        ended?.();
        ended = undefined;
      }
      if (stalled === undefined) return;
      stop();
      expire(stalled);
    }, this.#interval);
    return stop;
  }

  /**
   * Takes what the group has done by now, `passed` milliseconds after the last look; returns how
   * the server failed, if it did.
   */
  look(now: GroupWork, passed: number): string | undefined {
    const { bytes, ticks } = difference(this.#before, now);
    this.#before = now;
    this.#total += bytes;
    if (this.#total > (this.#limits.most ?? Infinity)) return "the server's answer has no end";
    this.#quiet = bytes === 0 && ticks === 0 ? this.#quiet + passed : 0;
    if (this.#quiet >= this.#limits.silence) return `the server sent nothing for ${seconds(this.#limits.silence)}`;
    this.#windowTime += passed;
    this.#window = { bytes: this.#window.bytes + bytes, ticks: this.#window.ticks + ticks };
    if (this.#window.bytes >= MIN_BYTES || this.#window.ticks >= MIN_TICKS) {
      this.#window = { bytes: 0, ticks: 0 };
      this.#windowTime = 0;
    }
    if (this.#windowTime < this.#limits.window) return undefined;
    return `the server sent less than ${MIN_BYTES} bytes in ${seconds(this.#limits.window)}`;
  }
}

function seconds(time: number): string {
  return `${time / 1000} s`;
}

/** Adds up what processes did since the last look. A new process did all of its work since then. */
function difference(before: GroupWork, now: GroupWork): Work {
  let [bytes, ticks] = [0, 0];
  for (const [pid, work] of now) {
    const known = before.get(pid);
    bytes += Math.max(0, work.bytes - (known?.bytes ?? 0));
    ticks += Math.max(0, work.ticks - (known?.ticks ?? 0));
  }
  return { bytes, ticks };
}

/** Returns the work of the processes of a group so far. */
function groupWork(group: number): GroupWork {
  const work = new Map<number, Work>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The name of a program may hold anything, blanks and brackets too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(fields[2]) !== group) continue;
    const io = read(`/proc/${name}/io`);
    const count = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, "m").exec(io)?.[1] ?? 0);
    work.set(Number(name), { bytes: count("rchar") + count("wchar"), ticks: Number(fields[11]) + Number(fields[12]) });
  }
  return work;
}

/** Returns a file's text, nothing for a process that has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
