import type { RunningCommand, TerminalSize } from "../../api/commands/command-options.js";
import type { CliEnvironment } from "../environment.js";

/** Signals after which the command is killed, where it does not end. */
const PATIENCE = 3;

const USUAL: TerminalSize = { rows: 24, columns: 80 };

/** Returns the size of the user's terminal. */
export function terminalSize({ stdout }: Pick<CliEnvironment, "stdout">): TerminalSize {
  const { rows = USUAL.rows, columns = USUAL.columns } = stdout;
  return { rows, columns };
}

/** Output of a command that ends when nobody reads it any more. */
export interface ReadOutput {
  readonly signal: AbortSignal;
  /** Writes a piece; a promise is resolved when our reader has taken it. */
  readonly write: (name: "stdout" | "stderr", data: Uint8Array) => void | Promise<void>;
  /** Returns true once the reader has gone. */
  readonly isGone: () => boolean;
}

/** Exit code of a command whose reader has gone: 128 and SIGPIPE, as in shells. */
export const NO_READER = 141;

/** Returns the output of a command, which is ended when the reader of our output has gone. */
export function readOutput(environment: CliEnvironment): ReadOutput {
  const gone = new AbortController();
  return {
    signal: AbortSignal.any([environment.signal, gone.signal]),
    write(name, data) {
      let taken = (): void => {};
      const whenTaken = new Promise<void>((resolve) => (taken = resolve));
      const flows = environment[name].write(data, (error) => {
        if (error) gone.abort();
        taken();
      });
      return flows ? undefined : whenTaken;
    },
    isGone: () => gone.signal.aborted,
  };
}

/**
 * Connects the user's terminal with a command: signals and changes of the size go to the command.
 * `raw` hands over every key, ctrl-c included. Returns the function that gives the terminal back.
 */
export function connectTerminal(environment: CliEnvironment, command: RunningCommand, { raw }: { readonly raw: boolean }): () => void {
  const { stdout } = environment;
  const resize = (): void => command.resize(terminalSize(environment));
  let signals = 0;
  const release = environment.takeSignals((name) => {
    signals++;
    if (signals < PATIENCE) command.kill(name);
    return signals < PATIENCE;
  });
  const stdin = raw ? environment.stdin : undefined;
  stdin?.setRawMode?.(true);
  stdout.on("resize", resize);
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    stdout.off("resize", resize);
    stdin?.setRawMode?.(false);
    release();
  };
}
