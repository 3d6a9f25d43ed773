import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { canonicalJson } from "../../core/canonical.js";
import { sha256 } from "../../core/digest.js";
import type { Memo } from "../../cache/contract/memo.js";
import type { Worker } from "../../executor-native/contract.js";
import type { ExecOp } from "../../llb/ops.js";

const KIND = "peak";
/** Part of the free memory that steps get; the rest is the builder's and the system's. */
const SHARE = 0.9;

/** Returns bytes of memory that programs may still take. */
function freeMemory(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // A container may hide it.
  }
  return freemem();
}

/**
 * Lets steps begin while the memory that they took in earlier builds fits together into what is
 * free. A step that never ran counts nothing, and one step always runs.
 */
export class MemoryGate {
  readonly #free: () => number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #taken = 0;
  #room = 0;

  constructor(free: () => number = freeMemory) {
    this.#free = free;
  }

  /** Waits for room. Returns what gives it back. Rejects with the reason of the signal. */
  async enter(bytes: number, signal: AbortSignal): Promise<() => void> {
    while (!this.#fits(bytes)) await this.#change(signal);
    // Note that free memory is looked at while nothing runs, because steps that run have taken a
    // part of theirs already.
    if (this.#running === 0) this.#room = this.#free() * SHARE;
    this.#running++;
    this.#taken += bytes;
    return () => {
      this.#running--;
      this.#taken -= bytes;
      for (const wake of this.#waiting.splice(0)) wake();
    };
  }

  #fits(bytes: number): boolean {
    return this.#running === 0 || bytes === 0 || this.#taken + bytes <= this.#room;
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
    });
  }
}

const gates = new WeakMap<Worker, MemoryGate>();

/** Returns the gate that all builds with a worker share. */
export function gateOf(worker: Worker): MemoryGate {
  const gate = gates.get(worker) ?? new MemoryGate();
  gates.set(worker, gate);
  return gate;
}

/** Memory that a step took when it ran before, whatever its inputs were. */
export interface KnownPeak {
  /** Bytes; 0 for a step that never ran. */
  readonly bytes: number;
  keep(bytes: number): void;
}

/** Bytes by which a peak may differ from the known one without being kept. */
const NEGLIGIBLE = 16 << 20;

export function knownPeak({ args, cwd, user }: Pick<ExecOp, "args" | "cwd" | "user">, memo: Memo): KnownPeak {
  const key = sha256(canonicalJson({ args, cwd, user }));
  const kept = Number(memo.get(KIND, key)?.toString("utf8") ?? 0);
  const bytes = Number.isSafeInteger(kept) && kept > 0 ? kept : 0;
  return {
    bytes,
    keep(peak) {
      if (Math.abs(peak - bytes) > Math.max(NEGLIGIBLE, bytes / 8)) memo.set(KIND, key, String(peak));
    },
  };
}
