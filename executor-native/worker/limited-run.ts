import { readFileSync, writeFileSync } from "node:fs";
import type { StepUsage } from "../../core/events.js";
import type { SandboxExit, SandboxSpec, StepReport } from "../contract.js";
import type { LimitedStep, Limiter } from "../limits/limiter.js";
import type { RunningSandbox, SandboxHooks } from "./sandbox.js";

/**
 * Points by which a step is nearer to its end than others when the machine has no memory left, of
 * 1000: the machine loses a step before the builder and its user's programs.
 */
const NEARER_TO_THE_END = 300;

interface LimitedRun {
  readonly hooks: Pick<SandboxHooks, "onStart" | "onUsage" | "processors" | "mostTasks">;
  /** Waits for the end, and reports what was used. */
  finish(sandbox: RunningSandbox, report: (report: StepReport) => void): Promise<SandboxExit>;
  /** Removes the groups. */
  close(): void;
}

/** Returns how one step runs with its limits, if it has some. */
export function limitedRun({ limits: request, rootfs: { upper } }: SandboxSpec, limiter: () => Limiter): LimitedRun {
  const step = request && limiter().open(request);
  let usage: StepUsage | undefined;
  let isOver = false;
  let end = (): void => {};
  return {
    hooks: {
      ...(step?.processors ? { processors: step.processors } : {}),
      ...(step?.mostTasks === undefined ? {} : { mostTasks: step.mostTasks }),
      onStart(pid, place) {
        sacrificeFirst(pid);
        step?.begin(pid, place, () => {
          isOver = true;
          end();
        });
      },
      onUsage: (used) => {
        usage = used;
      },
    },
    async finish(sandbox, report) {
      end = () => sandbox.stop();
      try {
        const exit = await sandbox.done;
        return step?.exceeds(upper) === true ? { signal: "SIGKILL" } : exit;
      } catch (error) {
        if (isOver) return { signal: "SIGKILL" };
        throw error;
      } finally {
        report(reportOf(usage, step));
      }
    },
    close: () => step?.close(),
  };
}

function reportOf(usage: StepUsage | undefined, step: LimitedStep | undefined): StepReport {
  const { memory, tasks, overrun } = step?.result() ?? {};
  const counted = memory === undefined ? {} : { peakMemory: memory, peakOf: "step" as const };
  return {
    ...(usage ? { usage: { ...usage, ...counted, ...(tasks === undefined ? {} : { peakTasks: tasks }) } } : {}),
    ...(overrun ? { overrun } : {}),
  };
}

function sacrificeFirst(pid: number): void {
  try {
    const path = `/proc/${pid}/oom_score_adj`;
    // In a pod the builder itself may be as near already.
    if (Number(readFileSync(path, "utf8")) < NEARER_TO_THE_END) writeFileSync(path, String(NEARER_TO_THE_END));
  } catch {
    // A container may hide or refuse it.
  }
}
