import { constants } from "node:os";
import type { DebugOptions, StepStateSummary } from "../../api/debug/debug.js";
import { printable } from "../../core/text/printable.js";
import { type CliEnvironment, printStderr } from "../environment.js";
import { connectTerminal, NO_READER, readOutput, terminalSize } from "../prompts/raw-terminal.js";

/** Returns true where a shell has a terminal to talk to. */
export function hasTerminal({ stdin, stdout }: CliEnvironment): boolean {
  return stdin.isTTY === true && stdout.isTTY === true;
}

/** Opens a shell, or runs a command, in a step. Returns its exit code. */
export async function openShell(options: Omit<DebugOptions, "input" | "terminal">, environment: CliEnvironment): Promise<number> {
  const raw = hasTerminal(environment);
  const output = readOutput(environment);
  const isShell = (options.command ?? []).length === 0;
  let release = (): void => {};
  try {
    const exit = await environment.api.debug({
      ...options,
      input: environment.stdin,
      ...(raw && { terminal: terminalSize(environment) }),
      signal: output.signal,
      onOutput: output.write,
      onStart(started, step) {
        const lines = [...(isShell ? [greeting(step)] : []), ...missingMounts(step)];
        void printStderr(environment, lines.map((line) => `tsbuild: ${line}\n`).join(""));
        release = connectTerminal(environment, started, { raw });
      },
    });
    return "code" in exit ? exit.code : 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
  } catch (error) {
    if (output.isGone()) return NO_READER;
    throw error;
  } finally {
    release();
  }
}

/** Returns the first line of a shell. */
function greeting({ name, command, failedAt }: StepStateSummary): string {
  const state = `${printable(name)}, ${failedAt === undefined ? "as it ended" : "as it failed"}`;
  return command.length === 0 ? state : `${state}. "sh /run/tsbuild/step" runs its command`;
}

function missingMounts({ missing }: StepStateSummary): readonly string[] {
  return missing.length === 0 ? [] : [`not there, as their files are gone: the mounts at ${missing.map(printable).join(", ")}`];
}
