import type { AnyCode } from "../../core/errors.js";
import {
  firstLine,
  HttpError,
  type HttpErrorOptions,
  type HttpFailures,
  longPause,
  isTemporary,
  networkFault,
  redactUrl,
} from "../../net/errors.js";
import { TsbuildError } from "../../core/errors.js";
import { systemReason } from "../../core/system/system-reason.js";

/**
 * One entry of the `errors` list in a registry's answer: `MANIFEST_UNKNOWN`, "manifest unknown".
 */
interface RegistryErrorDetail {
  readonly code: string;
  readonly message: string;
}

interface RegistryErrorOptions extends HttpErrorOptions {
  readonly details?: readonly RegistryErrorDetail[];
}

/** A request to a registry that failed, after all retries. Codes start with `registry/`. */
export class RegistryError extends HttpError {
  override readonly name = "RegistryError";
  readonly details: readonly RegistryErrorDetail[];

  constructor(code: AnyCode, message: string, options: RegistryErrorOptions) {
    super(code, message, options);
    this.details = options.details ?? [];
  }
}

/**
 * Returns the error for an answer with an unexpected status. `what` completes "Cannot …"; `body` is
 * the start of the answer.
 */
export function statusError(
  what: string,
  request: { readonly method: string; readonly url: URL },
  answer: { readonly status: number; readonly body: string; readonly retryAfter?: number | undefined },
  hint?: string,
): RegistryError {
  const details = parseDetails(answer.body);
  const said = details.length > 0 ? details.map((detail) => `${detail.code}: ${detail.message}`).join("; ") : firstLine(answer.body);
  const { code, temporary } = classify(answer.status);
  return new RegistryError(
    code,
    `Cannot ${what}: ${request.url.host} answered ${answer.status}${said === "" ? "" : ` (${said})`}${longPause(answer.retryAfter)}`,
    {
      method: request.method,
      url: redactUrl(request.url),
      status: answer.status,
      temporary,
      details,
      ...(answer.retryAfter === undefined ? {} : { retryAfter: answer.retryAfter }),
      ...(hint === undefined ? hintFor(code, request.url) : { hint }),
    },
  );
}

/** Returns the error for a request that got no answer, or whose answer broke off. */
function networkError(what: string, request: { readonly method: string; readonly url: URL }, cause: unknown): RegistryError {
  const { tls, why, temporary } = networkFault(cause);
  return new RegistryError(
    tls ? "registry/tls" : "registry/unreachable",
    `Cannot ${what}: ${what.includes(request.url.host) ? "" : `${request.url.host}: `}${why}`,
    {
      method: request.method,
      url: redactUrl(request.url),
      temporary,
      cause,
      hint: tls
        ? `Put the registry's CA certificate into /etc/docker/certs.d/${request.url.host}/ca.crt, or name it in SSL_CERT_FILE`
        : "Check the name of the registry, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)",
    },
  );
}

/** Returns the error for an answer that breaks the protocol. */
export function protocolError(
  what: string,
  request: { readonly method: string; readonly url: URL },
  found: string,
  cause?: unknown,
): RegistryError {
  return new RegistryError("registry/protocol", `Cannot ${what}: ${request.url.host} ${found}`, {
    method: request.method,
    url: redactUrl(request.url),
    ...(cause === undefined ? {} : { cause }),
    hint: "Check that the host is a registry that speaks the OCI Distribution API (v2)",
  });
}

/** The errors of exchanges with registries. */
export const registryFailures: HttpFailures = { network: networkError, protocol: protocolError };

function classify(status: number): { readonly code: AnyCode; readonly temporary: boolean } {
  if (status === 401) return { code: "registry/unauthorized", temporary: false };
  if (status === 403) return { code: "registry/denied", temporary: false };
  if (status === 404) return { code: "registry/not-found", temporary: false };
  if (status === 429) return { code: "registry/rate-limited", temporary: true };
  if (status === 408 || status >= 500) return { code: "registry/server-error", temporary: isTemporary(status) };
  return { code: "registry/refused", temporary: false };
}

function hintFor(code: string, url: URL): { readonly hint?: string } {
  switch (code) {
    case "registry/unauthorized":
    case "registry/denied":
      return {
        hint: `Log in with an account that may do this: tsbuild login ${url.host === "registry-1.docker.io" ? "" : url.host}`.trim(),
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

export function helperFailed(what: string, why: string, cause: unknown, program: string): TsbuildError {
  return new TsbuildError("registry/helper-failed", `Cannot ${what} ${program}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: `Install ${program}, or remove it from docker's config.json ("credsStore", "credHelpers")`,
  });
}

export function noHome(): TsbuildError {
  return new TsbuildError("registry/config-not-written", "Cannot keep credentials: this user has no home directory", {
    hint: "DOCKER_CONFIG names a directory for docker's configuration",
  });
}

export function badAuth(key: string, path: string): TsbuildError {
  return new TsbuildError(
    "registry/config-invalid",
    `Cannot use the entry "${key}" in "${path}": "auth" is not the base64 of user:password`,
    {
      hint: `Log in again: tsbuild login ${key}`,
    },
  );
}

export function configNotWritten(target: string, cause: unknown): TsbuildError {
  return new TsbuildError("registry/config-not-written", `Cannot write docker's configuration "${target}": ${systemReason(cause)}`, {
    hint: "DOCKER_CONFIG names another directory for it",
    cause,
  });
}

export function configUnreadable(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": ${systemReason(cause)}`, {
    cause,
  });
}

export function configNoJson(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": it is not JSON`, { cause });
}

export function configNoObject(path: string): TsbuildError {
  return new TsbuildError("registry/config-invalid", `Cannot read docker's configuration "${path}": it is not a JSON object`);
}

export function loginRefused(what: string, who: string, why: string, error: unknown): TsbuildError {
  return new TsbuildError("registry/login-refused", `Cannot ${what} ${who}: it was refused${why}`, {
    hint: "Check user name and password; accounts with two factors need an access token in place of the password",
    cause: error,
  });
}

export function otherDigest(what: string, actual: string, wanted: string, url: string): RegistryError {
  return new RegistryError("registry/digest-mismatch", `Cannot ${what}: the bytes have digest ${actual} instead of ${wanted}`, {
    method: "GET",
    url,
    hint: "The registry's copy, or what is between here and it, is damaged; try again or push the image again",
  });
}

export function otherSize(what: string, expected: number, found: unknown, answer: { readonly url: URL }): RegistryError {
  return new RegistryError("registry/size-mismatch", `Cannot ${what}: expected ${expected} bytes, received ${found}`, {
    method: "GET",
    url: answer.url.origin,
    temporary: found !== "more",
  });
}
