import type { Digest } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { proposedHost } from "./secret-names.js";
import { firstLine, HttpError, type HttpFailures, longPause, isTemporary, networkFault, redactUrl } from "../../net/errors.js";

const CHECK_NETWORK = "Check the URL, the network and the proxy settings (HTTPS_PROXY, NO_PROXY)";

/** The errors of exchanges with any web server. */
export const downloadFailures: HttpFailures = {
  network(what, request, cause) {
    const { tls, why, temporary } = networkFault(cause);
    return new HttpError(tls ? "source/tls" : "source/unreachable", `Cannot ${what}: ${request.url.host}: ${why}`, {
      method: request.method,
      url: redactUrl(request.url),
      temporary,
      cause,
      hint: tls ? "Name the file with the server's CA certificate in SSL_CERT_FILE" : CHECK_NETWORK,
    });
  },
  protocol(what, request, found) {
    return new HttpError("source/protocol", `Cannot ${what}: ${request.url.host} ${found}`, {
      method: request.method,
      url: redactUrl(request.url),
      hint: "Open the URL in a browser, or with curl -v, to see where it leads",
    });
  },
};

/** Returns the error for a URL that cannot be downloaded. */
export function invalidUrl(url: string): TsbuildError {
  return new TsbuildError("source/invalid-url", `Cannot download "${url}": it is not a URL`, {
    hint: "A URL looks like https://example.com/file.tar.gz",
  });
}

interface BadAnswer {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
  readonly body: string;
  readonly retryAfter?: number | undefined;
}

export function badStatus(url: URL, answer: BadAnswer) {
  const { status, retryAfter } = answer;
  const said = firstLine(answer.body);
  const reason = [answer.text, said].filter((part) => part !== "").join(": ");
  const from = answer.url.host === url.host ? "" : ` for ${redactUrl(answer.url)}, where it was sent on to`;
  return new HttpError(
    "source/http-status",
    `Cannot download ${redactUrl(url)}: ${answer.url.host} answered ${status}${reason === "" ? "" : ` (${reason})`}${longPause(retryAfter)}${from}`,
    {
      method: "GET",
      url: redactUrl(answer.url),
      status,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      temporary: isTemporary(status),
      ...hintFor(status, url),
    },
  );
}

function hintFor(status: number, url: URL): { readonly hint?: string } {
  if (status === 401 || status === 403) {
    const host = proposedHost(url);
    return { hint: `Give a token: --secret id=HTTP_AUTH_TOKEN_${host},env=VARIABLE (or a whole header: id=HTTP_AUTH_HEADER_${host})` };
  }
  if (status === 404 || status === 410) return { hint: "Check the URL: nothing is there" };
  if (status === 429) return { hint: "Wait: the server limits how often it is asked" };
  return {};
}

export function checksumMismatch(url: URL, expected: Digest, found: Digest): TsbuildError {
  return new TsbuildError(
    "source/checksum-mismatch",
    `Cannot use ${redactUrl(url)}: its content is ${found}, but the checksum says ${expected}`,
    { hint: `Look at what changed; when it is right, write --checksum=${found}` },
  );
}

export function changedMeanwhile(url: URL): TsbuildError {
  return new TsbuildError("source/changed", `Cannot use ${redactUrl(url)}: its content changed while the build was running`, {
    hint: "Build again",
  });
}

export function tooLarge(url: URL, limit: number): TsbuildError {
  return new TsbuildError("source/too-large", `Cannot download ${redactUrl(url)}: it is larger than ${limit / 1024 ** 3} GiB`, {
    hint: "Check the URL: it may lead to a stream without an end",
  });
}
