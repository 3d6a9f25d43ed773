import { type AnyCode, TsbuildError, type TsbuildErrorOptions } from "../core/errors.js";
import { LONGEST_PAUSE } from "./limits.js";
import { systemReason } from "../core/system/system-reason.js";
import { join } from "node:path";

export interface HttpErrorOptions extends TsbuildErrorOptions {
  readonly method: string;
  /** Redacted, see {@link redactUrl}. */
  readonly url: string;
  readonly status?: number;
  readonly temporary?: boolean;
  /** Pause that `Retry-After` asked for, in milliseconds. */
  readonly retryAfter?: number;
}

/** An HTTP request that failed. Each protocol over HTTP has its own error codes. */
export class HttpError extends TsbuildError {
  override readonly name: string = "HttpError";
  readonly method: string;
  /** Without user, password and the values of query parameters. */
  readonly url: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** True when the same request may succeed later. */
  readonly temporary: boolean;
  readonly retryAfter: number | undefined;
  /** Set when retries ended with this error: enclosing code does not retry again. */
  exhausted = false;

  constructor(code: AnyCode, message: string, options: HttpErrorOptions) {
    super(code, message, options);
    this.method = options.method;
    this.url = options.url;
    this.status = options.status;
    this.temporary = options.temporary ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * The errors for faults of any exchange. `what` completes "Cannot …"; `found` completes "HOST …".
 */
export interface HttpFailures {
  /** Makes the error for a request without an answer, or with one that broke off. */
  network(what: string, request: { readonly method: string; readonly url: URL }, cause: unknown): HttpError;
  /** Makes the error for an answer that breaks the protocol. */
  protocol(what: string, request: { readonly method: string; readonly url: URL }, found: string): HttpError;
}

/**
 * Returns how long a server wants to be left alone, to be read after "HOST answered 429". Returns
 * an empty text for a pause that we wait for.
 */
export function longPause(retryAfter: number | undefined): string {
  if (retryAfter === undefined || retryAfter <= LONGEST_PAUSE) return "";
  const minutes = Math.ceil(retryAfter / 60_000);
  return `, and asks to wait ${minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`}`;
}

/**
 * Returns a URL that may be shown. Signed storage URLs carry secrets in their query, and users put
 * passwords before the host.
 */
export function redactUrl(url: URL | string): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  const names = [...new Set(copy.searchParams.keys())];
  copy.search = "";
  return names.length === 0 ? copy.href : `${copy.href}?${names.map((name) => `${encodeURIComponent(name)}=…`).join("&")}`;
}

/**
 * Returns why a connection failed, as words for "HOST: …", and whether a later attempt may succeed.
 */
export function networkFault(cause: unknown): { readonly tls: boolean; readonly why: string; readonly temporary: boolean } {
  const { code, message } = systemError(cause);
  const tls = TLS_CODES.test(code);
  return {
    tls,
    why: tls ? `its certificate was not accepted (${message})` : (REASONS[code] ?? message),
    temporary: !tls && !FINAL.has(code),
  };
}

const TLS_CODES = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;
/** Codes of failures that a later attempt meets again. */
const FINAL = new Set(["ENOTFOUND", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EPROTO", "ERR_INVALID_URL", "EACCES"]);
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "no host has this name",
  EAI_AGAIN: "the name could not be looked up",
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ETIMEDOUT: "the connection timed out",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ERR_STREAM_PREMATURE_CLOSE: "the connection was cut",
  EPROTO: "it does not speak TLS",
};

/** Returns the innermost error with a system code: fetch wraps the error that the socket threw. */
function systemError(error: unknown): { readonly code: string; readonly message: string } {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if ("code" in inner && typeof inner.code === "string") return { code: inner.code, message: inner.message };
    if (inner instanceof AggregateError && inner.errors.length > 0) return systemError(inner.errors[0]);
  }
  return { code: "", message: error instanceof Error ? error.message : String(error) };
}

/** Returns the system code of a failed request (`ECONNREFUSED`), or an empty text. */
export function networkErrorCode(error: unknown): string {
  return systemError(error).code;
}

/**
 * Returns the first line of a plain-text answer of a proxy or a web server. Returns an empty text
 * for HTML and JSON.
 */
export function firstLine(body: string): string {
  const line = body.trim().split("\n", 1)[0]?.trim() ?? "";
  return line.startsWith("<") || line.startsWith("{") ? "" : line.slice(0, 200);
}

/**
 * Returns true for a status that a later request may not meet: the server is busy, limits requests
 * or is broken. 501 and 505 are final.
 */
export function isTemporary(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

export function badCertificates(url: URL, cause: unknown, certificateDirectories: readonly string[]): TsbuildError {
  return new TsbuildError("registry/certificate-invalid", `Cannot use the certificates for ${url.host}: ${systemReason(cause)}`, {
    cause,
    hint: `Look at ${certificateDirectories.map((directory) => join(directory, url.host)).join(" and ")}`,
  });
}

export function badCertificateFile(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("registry/certificate-invalid", `Cannot read the certificate file "${path}": ${systemReason(cause)}`, {
    cause,
    hint: "Check the file, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS",
  });
}
