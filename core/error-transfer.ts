import { CanceledError, DiagnosticsError, TsbuildError } from "./errors.js";
import type { Diagnostic } from "./diagnostics.js";

/** An error as plain data, for crossing threads and processes. */
export interface TransferredError {
  readonly kind: "tsbuild" | "canceled" | "diagnostics" | "other";
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly hint?: string;
  readonly step?: string;
  readonly diagnostics?: readonly Diagnostic[];
  /** Of a system error. */
  readonly system?: { readonly errno?: number; readonly syscall?: string; readonly path?: string };
  readonly cause?: TransferredError;
}

/** How deep a chain of causes is kept. */
const CAUSE_LIMIT = 8;

export function transferError(error: unknown, depth = 0): TransferredError {
  if (!(error instanceof Error)) return { kind: "other", name: "Error", message: String(error) };
  const cause = error.cause === undefined || depth >= CAUSE_LIMIT ? {} : { cause: transferError(error.cause, depth + 1) };
  const common = { name: error.name, message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }), ...cause };
  if (error instanceof TsbuildError) {
    return {
      kind: error instanceof CanceledError ? "canceled" : error instanceof DiagnosticsError ? "diagnostics" : "tsbuild",
      ...common,
      code: error.code,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.step === undefined ? {} : { step: error.step }),
      ...(error.diagnostics.length === 0 ? {} : { diagnostics: error.diagnostics }),
    };
  }
  const { code, errno, syscall, path } = error as NodeJS.ErrnoException;
  return {
    kind: "other",
    ...common,
    ...(typeof code === "string" ? { code } : {}),
    ...(syscall === undefined
      ? {}
      : { system: { syscall, ...(errno === undefined ? {} : { errno }), ...(path === undefined ? {} : { path }) } }),
  };
}

/** The error again, of its class where this program has one; other errors keep name, code and the properties of system errors. */
export function restoreError(data: TransferredError): Error {
  const options = {
    ...(data.hint === undefined ? {} : { hint: data.hint }),
    ...(data.step === undefined ? {} : { step: data.step }),
    ...(data.cause === undefined ? {} : { cause: restoreError(data.cause) }),
  };
  const error = restoreClass(data, options);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

function restoreClass(data: TransferredError, options: { readonly hint?: string; readonly step?: string; readonly cause?: Error }): Error {
  switch (data.kind) {
    case "canceled":
      return new CanceledError(data.message, options);
    case "diagnostics":
      return new DiagnosticsError(data.diagnostics ?? []);
    case "tsbuild":
      return new TsbuildError(data.code ?? "internal/unknown", data.message, {
        ...options,
        ...(data.diagnostics === undefined ? {} : { diagnostics: data.diagnostics }),
      });
    case "other": {
      const error = new Error(data.message, options.cause === undefined ? undefined : { cause: options.cause });
      return Object.assign(error, { name: data.name }, data.code === undefined ? {} : { code: data.code }, data.system);
    }
  }
}
