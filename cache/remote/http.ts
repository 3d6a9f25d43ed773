import { serviceUnreachable, serviceProtocol, serviceRefused, layerDamaged } from "./errors.js";
import { Hasher } from "../../core/digest.js";
import { Connections, defaultCertificateDirectories } from "../../net/connections.js";
import { firstLine, type HttpFailures, networkFault } from "../../net/errors.js";
import type { Environment } from "../../net/proxy.js";
import { type Clock, parseRetryAfter, type RetryOptions, systemClock, withRetries } from "../../net/retry.js";
import type { Descriptor } from "../../oci/types.js";
import { type HttpAnswer, startOfBody } from "../../net/body.js";
import { type PartialAnswer, resumed } from "../../net/resume.js";
import type { HttpLimits, OnWait } from "../../net/limits.js";
import { exchange, type HttpRequest } from "../../net/transport.js";

/** Bytes after which a broken download counts as one that goes on. */
const PROGRESS = 64 << 10;

const failures: HttpFailures = {
  network(what, { method, url }, cause) {
    const { why, temporary } = networkFault(cause);
    return serviceUnreachable(what, url, why, method, temporary, cause);
  },
  protocol: (what, { method, url }, found) => serviceProtocol(what, url, found, method),
};

export interface ServiceOptions {
  readonly signal: AbortSignal;
  readonly onWait?: OnWait | undefined;
}

export interface ServiceRequest extends Omit<HttpRequest, "verify" | "signal" | "onWait"> {
  /** Statuses that count as answers; every other one is an error. */
  readonly accept: readonly number[] | "all";
}

/** Makes a request again for each attempt, because signatures age. */
type MakeRequest = () => ServiceRequest | Promise<ServiceRequest>;

interface CacheHttpOptions {
  readonly env: Environment;
  /** Certificates in PEM that are trusted, too. */
  readonly authorities?: readonly string[];
  readonly clock?: Clock;
  readonly limits?: HttpLimits;
}

/** Returns the URL of a text; undefined when it is none of HTTP. */
export function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** HTTP to services that are no registries, with the same connections, retries and proxies. */
export class CacheHttp implements Disposable {
  readonly clock: Clock;
  readonly #connections: Connections;

  constructor({ env, clock = systemClock, limits, authorities }: CacheHttpOptions) {
    this.clock = clock;
    this.#connections = new Connections({ env, certificateDirectories: defaultCertificateDirectories(env), failures, limits, authorities });
  }

  /**
   * Sends a request and repeats it after temporary failures. The caller reads or discards the body.
   */
  request(make: MakeRequest, options: ServiceOptions): Promise<HttpAnswer> {
    return withRetries(async () => this.#attempt({ ...(await make()), ...options }), this.#retrying(options));
  }

  /**
   * Yields the bytes that `make` requests from an offset on. Resumes where a broken connection
   * stopped.
   */
  async *download(make: (from: number) => ReturnType<MakeRequest>, options: ServiceOptions): AsyncGenerator<Uint8Array, void> {
    const ask = async (from: number): Promise<PartialAnswer> => {
      let what = "";
      const answer = await this.request(async () => {
        const request = await make(from);
        ({ what } = request);
        return request;
      }, options);
      return { answer, what };
    };
    yield* resumed(ask, { ...this.#retrying(options), progress: PROGRESS });
  }

  #retrying(options: ServiceOptions): RetryOptions {
    return { clock: this.clock, limits: this.#connections.limits, ...options };
  }

  async #attempt(request: ServiceRequest & ServiceOptions): Promise<HttpAnswer> {
    const answer = await exchange(request, this.#connections);
    const { status, headers } = answer.response;
    if (request.accept === "all" || request.accept.includes(status)) return answer;
    const body = await startOfBody(answer);
    const retryAfter = parseRetryAfter(headers.get("retry-after"), this.clock);
    const said = describe(body);
    throw serviceRefused(status, request, said, retryAfter, body);
  }

  [Symbol.dispose](): void {
    this.#connections.close();
  }
}

/**
 * Yields the same bytes. Fails at the end when they do not match the blob's digest, which services
 * that are no content stores do not check.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  name: string,
): AsyncGenerator<Uint8Array, void> {
  const hasher = new Hasher();
  for await (const chunk of chunks) {
    hasher.update(chunk);
    yield chunk;
  }
  if (hasher.size !== size || hasher.digest() !== digest) throw layerDamaged(digest, name);
}

/** Returns the message in an error answer: S3's XML, GitHub's JSON, or a line of text. */
function describe(body: string): string {
  const [, code] = /<Code>([^<]*)<\/Code>/.exec(body) ?? [];
  const [, message] = /<Message>([^<]*)<\/Message>/.exec(body) ?? [];
  if (code !== undefined) return message === undefined ? code : `${code}: ${message}`;
  try {
    const {
      code: kind,
      msg,
      message: text,
    } = JSON.parse(body) as { readonly code?: string; readonly msg?: string; readonly message?: string };
    const words = msg ?? text ?? kind;
    if (typeof words === "string") return words;
  } catch {
    // The body is no JSON.
  }
  return firstLine(body);
}
