import type { Store } from "../../cache/store.js";
import { type Digest, isDigest, sha256 } from "../../core/digest.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import type { Connections } from "../../net/connections.js";
import { redactUrl } from "../../net/errors.js";
import { type Clock, parseRetryAfter, systemClock, withRetries } from "../../net/retry.js";
import { discard, type HttpAnswer, startOfBody } from "../../net/body.js";
import { waitsOf } from "../../net/limits.js";
import { exchange, type HttpRequest } from "../../net/transport.js";
import type { Reporter } from "../layers/ports.js";
import { downloadBody, MAX_SIZE } from "./download-body.js";
import { type SecretById, secretHosts } from "./secret-names.js";
import { badStatus, changedMeanwhile, checksumMismatch, invalidUrl, tooLarge } from "./errors.js";

/** Result of a URL. */
interface Download {
  readonly digest: Digest;
  /** Size in bytes. */
  readonly size: number;
  /** Seconds since the epoch, by the `Last-Modified` of the answer; 0 without one. */
  readonly mtime: number;
}

interface DownloadsOptions {
  readonly store: Store;
  readonly connections: Connections;
  readonly secrets: SecretById;
  readonly clock?: Clock;
}

/** A download as the store remembers it, with the headers for a conditional request. */
interface Remembered extends Download {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** Kind of the memo with the results of URLs. */
const REMEMBERED = "http";

/**
 * Files by URL, as blobs of the store. Each URL is asked once per build, so that all its uses
 * agree. A server that reports no change (304, or the same ETag) does not send the file again, and
 * with a checksum it is not even asked while the store has the file.
 */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #flights = new SingleFlight();
  readonly #current = new Map<string, Remembered>();

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  /** Returns the digest of a URL's current content. */
  async digest(url: string, reporter: Reporter): Promise<Digest> {
    return (await this.#now(parse(url), reporter)).digest;
  }

  /**
   * Returns a URL's content with these bytes, which are in the store until the build ends. Throws
   * `source/checksum-mismatch` for other content, or `source/changed` when the digest came from
   * {@link digest}.
   */
  fetch(url: string, expected: { readonly digest: Digest; readonly from: "checksum" | "server" }, reporter: Reporter): Promise<Download> {
    const address = parse(url);
    return this.#flights.share(`fetch ${address.href} ${expected.digest}`, reporter.signal, async (signal) => {
      const known = this.#current.get(address.href) ?? this.#remembered(address.href);
      if (known?.digest === expected.digest && this.#hold(known.digest)) return known;
      const made = await this.#get(address, { ...reporter, signal });
      if (made.digest !== expected.digest)
        throw expected.from === "checksum" ? checksumMismatch(address, expected.digest, made.digest) : changedMeanwhile(address);
      return made;
    });
  }

  #now(url: URL, reporter: Reporter): Promise<Remembered> {
    return this.#flights.do(`now ${url.href}`, async () => {
      const asked = this.#current.get(url.href);
      if (asked) return asked;
      const now = await this.#get(url, reporter, this.#remembered(url.href));
      this.#current.set(url.href, now);
      return now;
    });
  }

  /** Downloads and remembers. Returns `before` when the server has nothing newer. */
  async #get(url: URL, reporter: Reporter, before?: Remembered): Promise<Remembered> {
    const headers = before ? conditions(before) : {};
    const { clock = systemClock, store } = this.#options;
    const { signal } = reporter;
    const onWait = waitsOf(reporter);
    return withRetries(
      async () => {
        const answer = await this.#ask(url, headers, { signal, onWait });
        const { response } = answer;
        const etag = response.headers.get("etag") ?? undefined;
        const unchanged = before && (response.status === 304 || (etag !== undefined && strong(etag) === strong(before.etag ?? "")));
        if (unchanged) {
          await discard(answer);
          return before;
        }
        if (response.status < 200 || response.status >= 300) throw await statusError(url, answer, clock);
        const lastModified = response.headers.get("last-modified") ?? undefined;
        const total = Number(response.headers.get("content-length") ?? Number.NaN);
        if (total > MAX_SIZE) throw tooLarge(url, MAX_SIZE);
        const item = redactUrl(url);
        const size = Number.isSafeInteger(total) && response.headers.get("content-encoding") === null ? total : undefined;
        const blob = await store.blobs.ingest(
          downloadBody(answer, url, what(url)),
          {},
          { signal, onProgress: (current) => reporter.progress(item, current, size, false) },
        );
        reporter.progress(item, blob.size, blob.size, true);
        const made: Remembered = {
          ...blob,
          mtime: seconds(lastModified),
          ...(etag === undefined ? {} : { etag }),
          ...(lastModified !== undefined && distinguishesVersions(lastModified, response.headers.get("date")) ? { lastModified } : {}),
        };
        store.memo.set(REMEMBERED, memoKey(url.href), JSON.stringify(made));
        return made;
      },
      { clock, limits: this.#options.connections.limits, signal, onWait },
    );
  }

  async #ask(url: URL, headers: Readonly<Record<string, string>>, waiting: Pick<HttpRequest, "signal" | "onWait">): Promise<HttpAnswer> {
    const bare = new URL(url);
    bare.username = "";
    bare.password = "";
    bare.hash = "";
    const authorization = await this.#authorization(url);
    return exchange({ what: what(url), method: "GET", url: bare, headers, authorization, ...waiting }, this.#options.connections);
  }

  /**
   * Returns the authorization of the secrets for the address, else user and password of the URL.
   */
  async #authorization(url: URL): Promise<string | undefined> {
    const { secrets } = this.#options;
    for (const host of secretHosts(url)) {
      const token = await secrets(`HTTP_AUTH_TOKEN_${host}`);
      if (token) return `Bearer ${text(token)}`;
      const header = await secrets(`HTTP_AUTH_HEADER_${host}`);
      if (header) return text(header);
    }
    if (url.username === "" && url.password === "") return undefined;
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString("base64")}`;
  }

  #remembered(url: string): Remembered | undefined {
    const memo = this.#options.store.memo.get(REMEMBERED, memoKey(url));
    const value = memo && (JSON.parse(memo.toString("utf8")) as Remembered);
    return value && isDigest(value.digest) ? value : undefined;
  }

  /** Returns true when the store has the bytes, and keeps them until the build ends. */
  #hold(digest: Digest): boolean {
    return this.#options.store.leases.hold("blob", [digest]).held.length > 0;
  }
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw invalidUrl(url);
  }
}

/** Returns the name of a URL in the store, which holds neither its password nor its signature. */
function memoKey(url: string): string {
  return sha256(url);
}

function what(url: URL): string {
  return `download ${redactUrl(url)}`;
}

function conditions({ etag, lastModified }: Remembered): Readonly<Record<string, string>> {
  return {
    ...(etag === undefined ? {} : { "if-none-match": etag }),
    ...(etag === undefined && lastModified !== undefined ? { "if-modified-since": lastModified } : {}),
  };
}

/**
 * Returns true when only the version that was sent can have this time: a file may change twice in
 * the second of the request (RFC 9110, 8.8.2.2).
 */
function distinguishesVersions(lastModified: string, date: string | null): boolean {
  return date !== null && seconds(lastModified) < seconds(date);
}

/**
 * Returns an ETag in its strong form: servers turn ETags weak when they compress for the transfer.
 */
function strong(etag: string): string {
  return etag.replace(/^W\//, "");
}

function seconds(lastModified: string | undefined): number {
  const time = lastModified === undefined ? Number.NaN : Date.parse(lastModified);
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

/** Returns a secret as a header's value: files of secrets end in a line break. */
function text(secret: Uint8Array): string {
  return Buffer.from(secret).toString("latin1").trim();
}

async function statusError(url: URL, answer: HttpAnswer, clock: Clock) {
  const { STATUS_CODES } = await import("node:http");
  const { status, headers } = answer.response;
  const retryAfter = parseRetryAfter(headers.get("retry-after"), clock);
  return badStatus(url, { url: answer.url, status, text: STATUS_CODES[status] ?? "", body: await startOfBody(answer), retryAfter });
}
