import type { ErrorCode } from "./error-codes/index.js";
import type { Diagnostic, SourceFile, SourceRange } from "./diagnostics.js";

/** A code of the catalogue, or one that a test makes up. */
export type AnyCode = ErrorCode | `test/${string}`;

export interface TsbuildErrorOptions {
  readonly hint?: string;
  readonly diagnostics?: readonly Diagnostic[];
  readonly cause?: unknown;
  /** Name of the build step (vertex) that failed, such as `[2/5] RUN make`. */
  readonly step?: string;
}

/**
 * Base of every error that tsbuild means to show to a user. Any other error is a bug in tsbuild.
 * The message is one sentence: what was attempted, what was found. `hint` says how to go on.
 */
export class TsbuildError extends Error {
  override readonly name: string = "TsbuildError";
  /** Stable slug, `<area>/<problem>`, such as `registry/unauthorized`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** Name of the step that failed. Set where the error crosses the solver. */
  step: string | undefined;
  /**
   * Place in the Dockerfile of the instruction that made the step. Set where the error crosses the
   * solver.
   */
  place: { readonly source: SourceFile; readonly range: SourceRange } | undefined;

  constructor(code: AnyCode, message: string, options: TsbuildErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.diagnostics = options.diagnostics ?? [];
    this.step = options.step;
  }
}

/**
 * Returns the error with another message. Code, hint and diagnostics stay. The cause is the given
 * error.
 */
export function withMessage(error: TsbuildError, message: string): TsbuildError {
  const { code, hint, diagnostics } = error;
  return new TsbuildError(code as AnyCode, message, { diagnostics, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/**
 * A wrong call: an option or flag that is unknown or cannot be read. Nothing has been done when it
 * is thrown.
 */
export class UsageError extends TsbuildError {
  override readonly name = "UsageError";

  /**
   * Returns the result of `read`. Turns an error about the text that `read` reads into an error of
   * the call.
   */
  static of<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof TsbuildError) || error instanceof UsageError) throw error;
      const { code, message, hint, diagnostics } = error;
      throw new UsageError(code as AnyCode, message, { diagnostics, cause: error, ...(hint === undefined ? {} : { hint }) });
    }
  }
}

/** Problems of a source text. The error carries every problem of the phase, not only the first. */
export class DiagnosticsError extends TsbuildError {
  override readonly name = "DiagnosticsError";

  constructor(diagnostics: readonly Diagnostic[]) {
    const first = diagnostics.find((diagnostic) => diagnostic.severity === "error") ?? diagnostics[0];
    if (!first) throw new TypeError("DiagnosticsError needs at least one diagnostic");
    super(first.code as AnyCode, first.message, { diagnostics, ...(first.hint === undefined ? {} : { hint: first.hint }) });
  }
}

/** Reason for the end of a step that is known better than by its status. */
export interface ExecReason {
  readonly code: AnyCode;
  readonly text: string;
}

/** A RUN step ended with a status that is not a success. */
export class ExecError extends TsbuildError {
  readonly command: readonly string[];
  readonly exit: { readonly code: number } | { readonly signal: string };
  /** Last lines that the step printed, at most 64 KiB. */
  readonly outputTail: string;
  override readonly name = "ExecError";
  /** Set when a shell can be opened in the step as it failed, with the id of a recorded build. */
  kept: { readonly build?: string } | undefined;
  constructor(
    command: readonly string[],
    exit: { readonly code: number } | { readonly signal: string },
    outputTail: string,
    options: TsbuildErrorOptions & { readonly display?: string; readonly reason?: ExecReason } = {},
  ) {
    const what = options.display ?? command.join(" ");
    const how = "code" in exit ? `exit code: ${exit.code}` : `signal: ${exit.signal}`;
    const { code = "build/step-failed", text } = options.reason ?? {};
    super(code, `process ${quoted(what)} did not complete successfully: ${how}${text === undefined ? "" : `: ${text}`}`, options);
    this.command = command;
    this.exit = exit;
    this.outputTail = outputTail;
  }
}

/**
 * Quotes a command as docker does: on one line, so that readers of logs find all of it behind
 * `ERROR:`.
 */
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r")}"`;
}

/** The build was cancelled through its AbortSignal (ctrl-c in the CLI). */
export class CanceledError extends TsbuildError {
  override readonly name = "CanceledError";
  constructor(message = "The build was canceled", options: TsbuildErrorOptions = {}) {
    super("build/canceled", message, options);
  }
}

/** Returns the error of work that an abort ended: the reason of the signal, or a cancellation. */
export function abortError({ reason }: { readonly reason?: unknown }): TsbuildError {
  return reason instanceof TsbuildError ? reason : new CanceledError(undefined, { cause: reason });
}

/** Returns a cancellation when `signal` is aborted, whatever error the abort led to. */
export function asCanceled(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof CanceledError) ? new CanceledError(undefined, { cause: error }) : error;
}

/** Throws {@link CanceledError} when `signal` is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** Throws in the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new Error(`internal: unexpected value ${JSON.stringify(value)}`);
}

/** Returns the `code` of a system error (`ENOENT` …), or undefined. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Returns the error for an addon that the package for this kind of machine does not have. */
export function addonNotLoaded(name: string, found: string, hint: string, cause: unknown): TsbuildError {
  return new TsbuildError("install/addon-missing", `Cannot load ${name}, a part of tsbuild for linux-${process.arch}: ${found}`, {
    hint,
    cause,
  });
}
