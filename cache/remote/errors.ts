import { type AnyCode, TsbuildError } from "../../core/errors.js";
import { HttpError, type HttpErrorOptions, isTemporary, longPause, redactUrl } from "../../net/errors.js";
import { systemReason } from "../../core/system/system-reason.js";

/** A request to a cache service that failed, after all retries. Codes start with `cache/`. */
export class CacheServiceError extends HttpError {
  override readonly name = "CacheServiceError";
  /** Body of the service's answer, at most 8 KiB. */
  readonly body: string;

  constructor(code: AnyCode, message: string, options: HttpErrorOptions & { readonly body?: string }) {
    super(code, message, options);
    this.body = options.body ?? "";
  }
}

export function noAwsCredentials(why: string, cause: unknown, profile: string, file: string): TsbuildError {
  return new TsbuildError("cache/no-credentials", `Cannot use the S3 cache: there are no credentials${why}`, {
    cause,
    hint: `Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, put a profile "${profile}" into ${file}, or run aws sso login`,
  });
}

export function answerNoJson(what: string, cause: unknown): TsbuildError {
  return new TsbuildError("cache/protocol", `Cannot ${what}: the answer is not JSON`, { cause });
}

export function entryNotTaken(what: string): TsbuildError {
  return new TsbuildError("cache/protocol", `Cannot ${what} to the GitHub Actions cache: it was not taken`);
}

export function answerNoUrl(what: string, text: string, cause: unknown): TsbuildError {
  return new TsbuildError("cache/protocol", `Cannot ${what}: "${text}" is no URL`, { cause });
}

export function layerNotInActions(digest: string, address: { readonly url: string }): TsbuildError {
  return new TsbuildError("cache/not-found", `Cannot read layer ${digest} from ${new URL(address.url).host}: it is not there`);
}

export function entryTooLarge(entry: { readonly key: string }): TsbuildError {
  return new TsbuildError("cache/too-large", `Cannot read the GitHub Actions cache ${entry.key}: it is too large`);
}

export function numbersTaken(key: string, attempts: number): TsbuildError {
  return new TsbuildError(
    "cache/refused",
    `Cannot write ${key} to the GitHub Actions cache: other builds took the next ${attempts} numbers`,
    {
      hint: "Give builds that run at the same time caches of their own with scope=…",
    },
  );
}

export function noActionsAddress(): TsbuildError {
  return new TsbuildError("cache/no-credentials", "Cannot use the GitHub Actions cache: its address or token is not known", {
    hint: "It works inside GitHub Actions, where ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL are passed to the step",
  });
}

export function badActionsToken(cause: unknown): TsbuildError {
  return new TsbuildError("cache/no-credentials", "Cannot use the GitHub Actions cache: its token does not say which branches it is for", {
    cause,
    hint: "Pass ACTIONS_RUNTIME_TOKEN as the runner sets it",
  });
}

export function actionsTimeout(error: unknown): TsbuildError {
  return new TsbuildError("cache/timeout", "Cannot use the GitHub Actions cache: it took too long", {
    cause: error,
    hint: "Give it more time with timeout=…, or go on without it: ignore-error=true",
  });
}

export function serviceUnreachable(
  what: string,
  url: URL,
  why: string,
  method: string,
  temporary: boolean,
  cause: unknown,
): CacheServiceError {
  return new CacheServiceError("cache/unreachable", `Cannot ${what}: ${url.host}: ${why}`, {
    method,
    url: redactUrl(url),
    temporary,
    cause,
    hint: "Check the address, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)",
  });
}

export function serviceProtocol(what: string, url: URL, found: unknown, method: string): CacheServiceError {
  return new CacheServiceError("cache/protocol", `Cannot ${what}: ${url.host} ${found}`, { method, url: redactUrl(url) });
}

export function serviceRefused(
  status: number,
  request: { readonly method: string; readonly url: URL; readonly what: string },
  said: string,
  retryAfter: number | undefined,
  body: string,
): CacheServiceError {
  return new CacheServiceError(
    status === 401 || status === 403 ? "cache/denied" : status === 404 ? "cache/not-found" : "cache/refused",
    `Cannot ${request.what}: ${request.url.host} answered ${status}${said === "" ? "" : ` (${said})`}${longPause(retryAfter)}`,
    {
      method: request.method,
      url: redactUrl(request.url),
      status,
      body,
      temporary: isTemporary(status),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(status === 401 || status === 403 ? { hint: "Check the credentials of the cache and what they allow" } : {}),
    },
  );
}

export function layerDamaged(digest: string, name: string): TsbuildError {
  return new TsbuildError("cache/blob-corrupt", `Cannot use layer ${digest} from the ${name}: its bytes have another digest`);
}

export function layerNotInDirectory(digest: string, src: string): TsbuildError {
  return new TsbuildError("cache/not-found", `Cannot read layer ${digest} from the local cache "${src}": it is not there`);
}

export function cacheNotInDirectory(digest: string, layout: { readonly directory: string }): TsbuildError {
  return new TsbuildError("cache/not-found", `Cannot read the cache ${digest} in "${layout.directory}": it is not there`);
}

export function directoryHoldsFiles(dest: string): TsbuildError {
  return new TsbuildError("export/not-a-layout", `Cannot write the cache to "${dest}": the directory holds other files`, {
    hint: "Give an empty or new directory, or one that holds a cache already",
  });
}

export function cacheNotWritten(dest: string, error: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot write the cache to "${dest}": ${systemReason(error)}`, { cause: error });
}

export function noDockerImageManifest(): TsbuildError {
  return new TsbuildError("options/invalid", "Cannot write the cache: an image manifest with Docker's media types cannot hold one", {
    hint: "Leave out oci-mediatypes=false, or say image-manifest=false",
  });
}

export function configTooLarge(name: string, config: { readonly size: number }): TsbuildError {
  return new TsbuildError("cache/too-large", `Cannot read the cache ${name}: its config has ${config.size} bytes`);
}

export function layerTooLargeForS3(descriptor: { readonly digest: string; readonly size: number }): TsbuildError {
  return new TsbuildError("cache/too-large", `Cannot write layer ${descriptor.digest} to S3: it has ${descriptor.size} bytes`, {
    hint: "S3 takes 5 GiB at once: make smaller layers, or use type=registry",
  });
}

export function missingS3Attribute(attribute: string, variable: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use the S3 cache: it has no ${attribute}`, {
    hint: `Give ${attribute}=… or set ${variable}`,
  });
}

export function badActionsAddress(url: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use "${url}" as the GitHub Actions cache: it is no http or https URL`, {
    hint: "Leave url= and url_v2= out in a workflow: the runner says where the service is",
  });
}

export function badS3Bucket(bucket: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use "${bucket}" as the bucket of the S3 cache: no host can have that name`, {
    hint: "Check the name; a bucket of another service may need use_path_style=true",
  });
}

export function badS3Endpoint(endpoint: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use "${endpoint}" as the endpoint of the S3 cache: it is no http or https URL`);
}

export function blobOfOtherBytes(expected: string, found: string): TsbuildError {
  return new TsbuildError(
    "store/digest-mismatch",
    `Cannot keep a blob of the cache: expected ${expected}, but the bytes that came are ${found}`,
  );
}
