import { TsbuildError } from "../../core/errors.js";
import type { Ran, SandboxRig } from "../support/rigs/sandbox-rig.js";
import type { Expected } from "./tiers.js";

/**
 * An attempt to escape through a step's own settings: the directory, user, mounts and command in a
 * Dockerfile.
 */
export interface StepRow {
  readonly name: string;
  readonly expected: Expected;
  /** `file` is one of the machine; `program` that of the attempts. */
  readonly attempt: (rig: SandboxRig, file: string, program: string) => Promise<string>;
}

/** Returns the code of the error, or the exit and the output. */
export async function outcome(running: Promise<Ran>): Promise<string> {
  try {
    const { exit, out, err } = await running;
    return ["code" in exit ? String(exit.code) : exit.signal, ...`${out}${err}`.split("\n").filter(Boolean)].join("; ");
  } catch (error) {
    if (error instanceof TsbuildError) return error.code;
    throw error;
  }
}
