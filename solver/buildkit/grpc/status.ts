import { TsbuildError } from "../../../core/errors.js";

/** Codes of gRPC that are used here. */
export const STATUS = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type StatusCode = number;

/** A call that the other side ended with an error. */
export class RpcError extends TsbuildError {
  override readonly name = "RpcError";
  readonly status: StatusCode;
  /** Text of the other side. */
  readonly text: string;
  /** Bytes of `google.rpc.Status`, which says more for programs. */
  readonly details: Uint8Array | undefined;

  constructor(method: string, status: StatusCode, { text, details }: { readonly text: string; readonly details?: Uint8Array | undefined }) {
    super("builder/refused", `The builder refuses the build: ${text || `${method} ended with the status ${status}`}`);
    this.status = status;
    this.text = text;
    this.details = details;
  }
}

/** An error that a handler answers a call with. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly status: StatusCode;
  /** Bytes of `google.rpc.Status`, which says more for programs. */
  readonly details: Uint8Array | undefined;

  /** `cause` is the error that this side's work fails with, where the call means that. */
  constructor(status: StatusCode, message: string, cause?: TsbuildError, details?: Uint8Array) {
    super(message, cause && { cause });
    this.status = status;
    this.details = details;
  }
}

/** Returns a text in the form that a header has: gRPC escapes what is not printable ASCII. */
export function escapeMessage(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x7e]/gu, (char) =>
    Array.from(Buffer.from(char), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** Returns the text of a header. Percent signs that begin no escape stay. */
export function unescapeMessage(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const hex = /^%([0-9a-f]{2})/i.exec(text.slice(at, at + 3))?.[1];
    if (hex === undefined) bytes.push(...Buffer.from(text[at] as string));
    else {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    }
  }
  return Buffer.from(bytes).toString("utf8");
}
