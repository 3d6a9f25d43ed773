import { createHash, type Hash } from "node:crypto";
import type { Digest } from "../../core/digest.js";
import { looksSecret } from "../../core/text/secret-names.js";
import type { IncompleteReason, WebRequest, WebRequests } from "../../core/web-request.js";

/** Requests of one step that are kept. */
const MOST_REQUESTS = 20_000;

/** Names of values in signed addresses, besides those of secrets. */
const SIGNATURE = /signature|(?:^|[-_])(?:sig|sign|token|credential|key)$/i;

/**
 * Returns an address as the log, the record and provenance have it: no user, no password, and
 * nothing in its query that gives rights.
 */
export function recordedAddress(given: URL): string {
  const url = new URL(given);
  url.username = "";
  url.password = "";
  url.hash = "";
  for (const name of new Set(url.searchParams.keys())) if (looksSecret(name) || SIGNATURE.test(name)) url.searchParams.set(name, "xxxxx");
  return url.href;
}

/** The requests of one step. */
export class RecordedRequests {
  readonly #entries: RecordedRequest[] = [];
  #more = 0;

  begin(method: string, url: URL): RecordedRequest {
    const entry = new RecordedRequest(method, url);
    if (this.#entries.length < MOST_REQUESTS) this.#entries.push(entry);
    else this.#more++;
    return entry;
  }

  /** Returns what is known of them now. */
  get(): WebRequests {
    return { list: this.#entries.map((entry) => entry.get()), more: this.#more };
  }
}

/** One request, while it is carried. */
class RecordedRequest {
  readonly #method: string;
  readonly #url: string;
  readonly #hash: Hash = createHash("sha256");
  #status: number | undefined;
  #location: string | undefined;
  #partial = false;
  #bytes = 0;
  #complete = false;
  #refused: string | undefined;
  #failed = false;

  constructor(method: string, url: URL) {
    this.#method = method;
    this.#url = recordedAddress(url);
  }

  /** Notes that the proxy answered it itself. */
  refuse(status: number, why: string): void {
    this.#status = status;
    this.#refused = why;
  }

  /** Notes that no answer came. */
  fail(status: number): void {
    this.#status = status;
    this.#failed = true;
  }

  answer(status: number, { location, partial }: { readonly location: URL | undefined; readonly partial: boolean }): void {
    this.#status = status;
    this.#partial = partial || status === 206;
    if (location) this.#location = recordedAddress(location);
  }

  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    this.#hash.update(piece);
  }

  /** Notes that the whole body was carried. */
  end(): void {
    this.#complete = true;
  }

  get(): WebRequest {
    const incomplete = this.#incomplete();
    const isMaterial = incomplete === undefined && this.#refused === undefined && this.#status !== undefined && this.#status < 300;
    return {
      method: this.#method,
      url: this.#url,
      ...(this.#status !== undefined && { status: this.#status }),
      bytes: this.#bytes,
      ...(isMaterial && { digest: `sha256:${this.#hash.copy().digest("hex")}` as Digest }),
      ...(this.#location !== undefined && { location: this.#location }),
      ...(incomplete && { incomplete }),
      ...(this.#refused !== undefined && { refused: this.#refused }),
    };
  }

  #incomplete(): IncompleteReason | undefined {
    if (this.#refused !== undefined) return undefined;
    if (this.#failed || this.#status === undefined) return "upstream_error";
    if (this.#method !== "GET") return "method_not_materializable";
    if (this.#partial) return "partial_response";
    if (!this.#complete) return "body_read_failed";
    return this.#status >= 400 ? "unsuccessful_response" : undefined;
  }
}

export type { RecordedRequest };
