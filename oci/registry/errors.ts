import { TsbuildError, type TsbuildErrorOptions } from "../../core/errors.js";

/** One entry of the `errors` list that registries answer with: `MANIFEST_UNKNOWN`, "manifest unknown". */
export interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string;
}

export interface RegistryErrorOptions extends TsbuildErrorOptions {
  readonly method: string;
  /** Redacted, see {@link redactUrl}. */
  readonly url: string;
  readonly status?: number;
  readonly temporary?: boolean;
  readonly details?: readonly RegistryErrorDetail[];
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfter?: number;
}

/** A request to a registry that failed, after all retries. Codes start with `registry/`. */
export class RegistryError extends TsbuildError {
  override readonly name = "RegistryError";
  readonly method: string;
  /** Without user, password and the values of query parameters. */
  readonly url: string;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** Whether the same request may succeed later. */
  readonly temporary: boolean;
  readonly details: readonly RegistryErrorDetail[];
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: RegistryErrorOptions) {
    super(code, message, options);
    this.method = options.method;
    this.url = options.url;
    this.status = options.status;
    this.temporary = options.temporary ?? false;
    this.details = options.details ?? [];
    this.retryAfter = options.retryAfter;
  }
}

/** A URL that may be shown: signed storage URLs carry secrets in their query, and users put passwords before the host. */
export function redactUrl(url: URL | string): string {
  const copy = new URL(url);
  copy.username = "";
  copy.password = "";
  copy.hash = "";
  const names = [...new Set(copy.searchParams.keys())];
  copy.search = "";
  return names.length === 0 ? copy.href : `${copy.href}?${names.map((name) => `${encodeURIComponent(name)}=…`).join("&")}`;
}

/** The error for an answer with a status that was not hoped for. `what` completes "Cannot …"; `body` is the start of the answer. */
export function statusError(
  what: string,
  request: { readonly method: string; readonly url: URL },
  answer: { readonly status: number; readonly body: string; readonly retryAfter?: number | undefined },
  hint?: string,
): RegistryError {
  const details = parseDetails(answer.body);
  const said = details.length > 0 ? details.map((detail) => `${detail.code}: ${detail.message}`).join("; ") : firstLine(answer.body);
  const { code, temporary } = classify(answer.status);
  return new RegistryError(code, `Cannot ${what}: ${request.url.host} answered ${answer.status}${said === "" ? "" : ` (${said})`}`, {
    method: request.method,
    url: redactUrl(request.url),
    status: answer.status,
    temporary,
    details,
    ...(answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }),
    ...(hint === undefined ? hintFor(code, request.url) : { hint }),
  });
}

/** The error for a request that got no answer, or broke off in the middle of one. */
export function networkError(what: string, request: { readonly method: string; readonly url: URL }, cause: unknown): RegistryError {
  const { code: system, message } = systemError(cause);
  const tls = TLS_CODES.test(system);
  const why = tls ? `its certificate was not accepted (${message})` : (REASONS[system] ?? message);
  return new RegistryError(tls ? "registry/tls" : "registry/unreachable", `Cannot ${what}: ${request.url.host}: ${why}`, {
    method: request.method,
    url: redactUrl(request.url),
    temporary: !tls && !FINAL.has(system),
    cause,
    hint: tls
      ? `Put the registry's CA certificate into /etc/docker/certs.d/${request.url.host}/ca.crt, or name it in SSL_CERT_FILE`
      : "Check the name of the registry, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)",
  });
}

/** The error for an answer that no registry should give. */
export function protocolError(what: string, request: { readonly method: string; readonly url: URL }, found: string): RegistryError {
  return new RegistryError("registry/protocol", `Cannot ${what}: ${request.url.host} ${found}`, {
    method: request.method,
    url: redactUrl(request.url),
    hint: "Check that the host is a registry that speaks the OCI Distribution API (v2)",
  });
}

const TLS_CODES = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;
/** Waiting does not mend these. */
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

/** The innermost error with a system code: fetch wraps what the socket threw. */
function systemError(error: unknown): { readonly code: string; readonly message: string } {
  for (let inner = error, depth = 0; inner instanceof Error && depth < 5; inner = inner.cause, depth++) {
    if ("code" in inner && typeof inner.code === "string") return { code: inner.code, message: inner.message };
    if (inner instanceof AggregateError && inner.errors.length > 0) return systemError(inner.errors[0]);
  }
  return { code: "", message: error instanceof Error ? error.message : String(error) };
}

/** The system code of a failed request (`ECONNREFUSED`), or an empty text. */
export function networkErrorCode(error: unknown): string {
  return systemError(error).code;
}

function classify(status: number): { readonly code: string; readonly temporary: boolean } {
  if (status === 401) return { code: "registry/unauthorized", temporary: false };
  if (status === 403) return { code: "registry/denied", temporary: false };
  if (status === 404) return { code: "registry/not-found", temporary: false };
  if (status === 429) return { code: "registry/rate-limited", temporary: true };
  if (status === 408) return { code: "registry/server-error", temporary: true };
  if (status >= 500) return { code: "registry/server-error", temporary: status !== 501 && status !== 505 };
  return { code: "registry/refused", temporary: false };
}

function hintFor(code: string, url: URL): { readonly hint?: string } {
  switch (code) {
    case "registry/unauthorized":
    case "registry/denied":
      return {
        hint: `Log in with an account that may do this: docker login ${url.host === "registry-1.docker.io" ? "" : url.host}`.trim(),
      };
    case "registry/not-found":
      return { hint: "Check the name and the tag" };
    case "registry/rate-limited":
      return { hint: "Wait, or log in for a higher limit" };
    default:
      return {};
  }
}

function parseDetails(body: string): readonly RegistryErrorDetail[] {
  try {
    const { errors } = JSON.parse(body) as { readonly errors?: unknown };
    if (!Array.isArray(errors)) return [];
    return errors.slice(0, 5).flatMap((entry: unknown) => {
      if (typeof entry !== "object" || entry === null) return [];
      const { code, message } = entry as { readonly code?: unknown; readonly message?: unknown };
      return typeof code === "string" ? [{ code, message: typeof message === "string" ? message : "" }] : [];
    });
  } catch {
    return [];
  }
}

/** What a proxy or a web server says in plain text; pages of HTML are not shown. */
function firstLine(body: string): string {
  const line = body.trim().split("\n", 1)[0]?.trim() ?? "";
  return line.startsWith("<") || line.startsWith("{") ? "" : line.slice(0, 200);
}
