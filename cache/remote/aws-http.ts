import { Readable } from "node:stream";
import { readAll } from "../../net/body.js";
import type { CacheHttp, ServiceOptions } from "./http.js";

/** Request as Amazon's SDK makes it. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Readable;
}

/** Most bytes of an answer: all are small documents. */
const MAX_ANSWER = 1 << 20;

/**
 * Sends the SDK's requests over our connections, so that the same proxies and certificates count
 * for them.
 */
export class SdkHttp {
  /** Options of the latest transfer, which is the one that waits. */
  options: ServiceOptions;
  readonly #http: CacheHttp;

  constructor(http: CacheHttp, options: ServiceOptions) {
    this.#http = http;
    this.options = options;
  }

  async handle(request: SdkRequest): Promise<{ readonly response: SdkResponse }> {
    const url = addressOf(request);
    const what = `ask ${url.host} for credentials`;
    const { host: _host, "content-length": _length, authorization, ...headers } = request.headers;
    const method = request.method === "POST" ? "POST" : "GET";
    const body = bytesOf(request.body);
    const make = () =>
      ({
        what,
        method,
        url,
        headers,
        authorization,
        confidential: true,
        accept: "all",
        ...(body && { body }),
      }) as const;
    const answer = await this.#http.request(make, this.options);
    const bytes = await readAll(answer, what, MAX_ANSWER);
    const type = answer.response.headers.get("content-type");
    return {
      response: {
        statusCode: answer.response.status,
        headers: type === null ? {} : { "content-type": type },
        body: Readable.from([bytes]),
      },
    };
  }
}

function addressOf({ protocol, hostname, port, path, query }: SdkRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const text of [value ?? ""].flat()) url.searchParams.append(name, text);
  }
  return url;
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (typeof body === "string") return Buffer.from(body);
  return body instanceof Uint8Array ? body : undefined;
}
