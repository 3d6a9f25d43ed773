import { UsageError } from "../../core/errors.js";

/** Returns the error of a launch configuration with a member of the wrong type. */
export function badLaunch(name: string, wanted: string): UsageError {
  return new UsageError("cli/bad-value", `"${name}" of the launch configuration has to be ${wanted}`);
}

/** Returns the error of `tsbuild dap` at a terminal. */
export function editorWanted(): UsageError {
  return new UsageError("cli/bad-value", "tsbuild dap speaks with an editor on its standard input and output, and this is a terminal", {
    hint: 'have the editor start it as a debug adapter, or use "tsbuild debug" for a shell in a step',
  });
}

/** Returns the error of an expression that names no variable of the step. */
export function noVariable(expression: string): UsageError {
  return new UsageError("cli/bad-value", `"${expression}" is no variable of this step`);
}

/** Returns the error of a question about a build that does not stand still. */
export function stillRunning(): UsageError {
  return new UsageError("cli/bad-value", "The build is running", { hint: "pause it first" });
}

/** Returns the error of an output that would be written between messages. */
export function protocolOutput(): UsageError {
  return new UsageError("cli/bad-value", "An output of tsbuild dap cannot be the standard output, where the editor reads", {
    hint: "give --output a file",
  });
}

/** Returns the error of a question about a build before there is one. */
export function notLaunched(request: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot answer "${request}": no build was launched`);
}

/** Returns the error of a request that is not among the capabilities. */
export function unknownRequest(request: string): UsageError {
  return new UsageError("cli/bad-value", `"${request}" is no request of this debug adapter`);
}
