import type { Diagnostic } from "./diagnostics.js";
import { type AnyCode, CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "./errors.js";

/** Classes of errors that are more than a code and a text. */
type Kind = "tsbuild" | "usage" | "canceled" | "diagnostics" | "exec" | "other";

/** An error as plain data, for crossing threads and processes. */
export interface TransferredError {
  readonly kind: Kind;
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly hint?: string;
  readonly step?: string;
  readonly place?: NonNullable<TsbuildError["place"]>;
  readonly diagnostics?: readonly Diagnostic[];
  /** Members of a step that failed. */
  readonly exec?: Pick<ExecError, "command" | "exit" | "outputTail">;
  /** Members of a system error. */
  readonly system?: SystemMembers;
  readonly cause?: TransferredError;
}

const SYSTEM = ["errno", "syscall", "path", "dest"] as const;
type SystemMembers = Partial<Pick<NodeJS.ErrnoException & { dest: string }, (typeof SYSTEM)[number]>>;

/** Number of causes that are kept in a chain. */
const CAUSE_LIMIT = 8;

/** Returns an error as data that can be cloned; {@link restoreError} makes an error of it again. */
export function transferError(error: unknown, depth = 0): TransferredError {
  if (!(error instanceof Error)) return { kind: "other", name: "Error", message: String(error) };
  const common = {
    name: error.name,
    message: error.message,
    ...optional("stack", error.stack),
    ...(error.cause === undefined || depth >= CAUSE_LIMIT ? {} : { cause: transferError(error.cause, depth + 1) }),
  };
  if (error instanceof TsbuildError) {
    return {
      kind: kindOf(error),
      ...common,
      code: error.code,
      ...optional("hint", error.hint),
      ...optional("step", error.step),
      ...optional("place", error.place),
      ...(error.diagnostics.length === 0 ? {} : { diagnostics: error.diagnostics }),
      ...(error instanceof ExecError ? { exec: { command: error.command, exit: error.exit, outputTail: error.outputTail } } : {}),
    };
  }
  const system = Object.fromEntries(
    SYSTEM.flatMap((name) => {
      const value: unknown = Reflect.get(error, name);
      return typeof value === "string" || typeof value === "number" ? [[name, value]] : [];
    }),
  ) as SystemMembers;
  const code: unknown = Reflect.get(error, "code");
  return {
    kind: "other",
    ...common,
    ...(typeof code === "string" ? { code } : {}),
    ...(Object.keys(system).length === 0 ? {} : { system }),
  };
}

function kindOf(error: TsbuildError): Kind {
  if (error instanceof CanceledError) return "canceled";
  if (error instanceof DiagnosticsError) return "diagnostics";
  if (error instanceof ExecError) return "exec";
  return error instanceof UsageError ? "usage" : "tsbuild";
}

/** Returns an object with one member, or without any where there is no value. */
function optional<K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in K]?: V });
}

/**
 * Rebuilds an error, in its class where this program has one. Other errors keep name, code and the
 * members of system errors.
 */
export function restoreError(data: TransferredError): Error {
  const error = restoreClass(data);
  // Constructors make messages of their own. The message of the other process counts.
  Object.defineProperty(error, "message", { value: data.message, enumerable: false, writable: true, configurable: true });
  if (data.stack !== undefined) error.stack = data.stack;
  if (error instanceof TsbuildError) error.place = data.place;
  return error;
}

function restoreClass(data: TransferredError): Error {
  const { code = "internal/unknown", message } = data;
  const cause = data.cause === undefined ? {} : { cause: restoreError(data.cause) };
  const options = {
    ...cause,
    ...optional("hint", data.hint),
    ...optional("step", data.step),
    ...optional("diagnostics", data.diagnostics),
  };
  switch (data.kind) {
    case "canceled":
      return new CanceledError(message, options);
    case "diagnostics":
      return Object.assign(new DiagnosticsError(data.diagnostics ?? []), cause, { step: data.step });
    case "exec": {
      const { command, exit, outputTail } = data.exec ?? { command: [], exit: { code: 1 }, outputTail: "" };
      return new ExecError(command, exit, outputTail, options);
    }
    case "usage":
      return new UsageError(code as AnyCode, message, options);
    case "tsbuild":
      return new TsbuildError(code as AnyCode, message, options);
    case "other":
      return Object.assign(new Error(message, cause), { name: data.name }, optional("code", data.code), data.system);
  }
}
