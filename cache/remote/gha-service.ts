import { answerNoJson, answerNoUrl, CacheServiceError, entryNotTaken } from "./errors.js";
import { createHash } from "node:crypto";
import { discard, readAll } from "../../net/body.js";
import type { HttpRequest } from "../../net/transport.js";
import { type CacheHttp, type ServiceOptions, type ServiceRequest } from "./http.js";

/** An entry that was found. */
export interface CacheEntry {
  /** Whole key of the entry, when a prefix was looked for. */
  readonly key: string;
  /** Signed address of the entry. */
  readonly url: string;
}

/**
 * The cache service of GitHub Actions: entries that are written once under a key and found by the
 * key or a prefix of it.
 */
export interface ActionsCache {
  find(key: string, options: ServiceOptions): Promise<CacheEntry | undefined>;
  /** Saves an entry. Returns false when the key is taken. */
  save(key: string, body: EntryBody, options: ServiceOptions): Promise<boolean>;
  read(entry: CacheEntry, options: ServiceOptions): AsyncIterable<Uint8Array>;
}

type EntryBody = { readonly size: number; open(): AsyncIterable<Uint8Array> };

export interface ServiceAddress {
  readonly url: string;
  readonly token: string;
  readonly version: 1 | 2;
}

/** Version of entries; equal to BuildKit's, whose entries are found under it as well. */
const ENTRY_VERSION = createHash("sha256").update("|go-actionscache-1.0").digest("hex");
/** Largest answer of the service itself, in bytes. */
const MAX_ANSWER = 1 << 20;
/** Bytes of one part of an upload, version 1. */
const PART = 32 << 20;

export function actionsCache(address: ServiceAddress, http: CacheHttp): ActionsCache {
  return address.version === 2 ? new ResultsService(address, http) : new ArtifactCache(address, http);
}

abstract class Service {
  readonly address: ServiceAddress;
  readonly http: CacheHttp;

  constructor(address: ServiceAddress, http: CacheHttp) {
    this.address = address;
    this.http = http;
  }

  read(entry: CacheEntry, options: ServiceOptions): AsyncIterable<Uint8Array> {
    const what = `read ${entry.key} from the GitHub Actions cache`;
    const url = parseUrl(entry.url, what);
    return this.http.download((from) => {
      const headers = from > 0 ? { range: `bytes=${from}-` } : {};
      return { what, method: "GET", url, accept: [200, 206], headers };
    }, options);
  }

  /**
   * Asks the service. `path` is below its address. Returns parsed JSON, or undefined for no
   * content.
   */
  async ask(
    what: string,
    request: {
      readonly method: HttpRequest["method"];
      readonly path: string;
      readonly json?: unknown;
      readonly accept?: readonly number[];
    },
    options: ServiceOptions,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const url = parseUrl(`${this.address.url.replace(/\/$/, "")}/${request.path}`, what);
    const build = (): ServiceRequest => ({
      what,
      method: request.method,
      url,
      authorization: `Bearer ${this.address.token}`,
      accept: request.accept ?? [200, 201],
      headers: {
        accept: "application/json;api-version=6.0-preview.1",
        ...(request.json === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.json === undefined ? {} : { body: Buffer.from(JSON.stringify(request.json)) }),
    });
    const text = (await readAll(await this.http.request(build, options), what, MAX_ANSWER)).toString("utf8");
    if (text === "") return undefined;
    try {
      return JSON.parse(text) as Readonly<Record<string, unknown>>;
    } catch (cause) {
      throw answerNoJson(what, cause);
    }
  }
}

/** Version 2: Twirp over JSON, bytes in Azure's blob store. */
class ResultsService extends Service implements ActionsCache {
  async find(key: string, options: ServiceOptions): Promise<CacheEntry | undefined> {
    const answer = await this.#call(
      "GetCacheEntryDownloadURL",
      `look for ${key}`,
      { key, restore_keys: [key], version: ENTRY_VERSION },
      options,
    );
    const { ok, signed_download_url: url, matched_key: matched } = answer ?? {};
    return ok === true && typeof url === "string" ? { key: typeof matched === "string" ? matched : key, url } : undefined;
  }

  async save(key: string, body: EntryBody, options: ServiceOptions): Promise<boolean> {
    const what = `write ${key}`;
    const made = await unlessTaken(() => this.#call("CreateCacheEntry", what, { key, version: ENTRY_VERSION }, options));
    if (made?.["ok"] !== true || typeof made["signed_upload_url"] !== "string") return false;
    const url = parseUrl(made["signed_upload_url"], what);
    const upload = (): ServiceRequest => ({
      what: `${what} to the GitHub Actions cache`,
      method: "PUT",
      url,
      accept: [200, 201],
      headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2023-11-03", "content-type": "application/octet-stream" },
      body,
    });
    await discard(await this.http.request(upload, options));
    const done = await this.#call("FinalizeCacheEntryUpload", what, { key, size_bytes: body.size, version: ENTRY_VERSION }, options);
    if (done?.["ok"] !== true) throw entryNotTaken(what);
    return true;
  }

  #call(method: string, what: string, json: unknown, options: ServiceOptions): ReturnType<Service["ask"]> {
    const path = `twirp/github.actions.results.api.v1.CacheService/${method}`;
    return this.ask(`${what} in the GitHub Actions cache`, { method: "POST", path, json }, options);
  }
}

/** Version 1, which self-hosted servers still speak. */
class ArtifactCache extends Service implements ActionsCache {
  async find(key: string, options: ServiceOptions): Promise<CacheEntry | undefined> {
    const path = `_apis/artifactcache/cache?keys=${encodeURIComponent(key)}&version=${ENTRY_VERSION}`;
    const answer = await this.ask(`look for ${key} in the GitHub Actions cache`, { method: "GET", path, accept: [200, 204] }, options);
    const { cacheKey, archiveLocation: url } = answer ?? {};
    return typeof cacheKey === "string" && typeof url === "string" && cacheKey !== "" ? { key: cacheKey, url } : undefined;
  }

  async save(key: string, body: EntryBody, options: ServiceOptions): Promise<boolean> {
    const what = `write ${key} to the GitHub Actions cache`;
    const json = { key, version: ENTRY_VERSION };
    const made = await unlessTaken(() => this.ask(what, { method: "POST", path: "_apis/artifactcache/caches", json }, options));
    const id = made?.["cacheId"] ?? made?.["cacheID"];
    if (typeof id !== "number") return false;
    const path = `_apis/artifactcache/caches/${id}`;
    for (let from = 0; from < body.size; from += PART) await this.#part(what, path, body, from, options);
    await this.ask(what, { method: "POST", path, json: { size: body.size }, accept: [200, 201, 204] }, options);
    return true;
  }

  async #part(what: string, path: string, body: EntryBody, from: number, options: ServiceOptions): Promise<void> {
    const size = Math.min(PART, body.size - from);
    const url = parseUrl(`${this.address.url.replace(/\/$/, "")}/${path}`, what);
    const build = (): ServiceRequest => ({
      what,
      method: "PATCH",
      url,
      authorization: `Bearer ${this.address.token}`,
      accept: [200, 201, 204],
      headers: { "content-type": "application/octet-stream", "content-range": `bytes ${from}-${from + size - 1}/*` },
      body: { size, open: () => slice(body.open(), from, size) },
    });
    await discard(await this.http.request(build, options));
  }
}

/** Runs `work`. Returns undefined when the service reports that the entry exists already. */
async function unlessTaken<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CacheServiceError && (error.status === 409 || /already[ _]?exists/i.test(error.body))) return undefined;
    throw error;
  }
}

async function* slice(chunks: AsyncIterable<Uint8Array>, from: number, size: number): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    const start = Math.max(0, from - position);
    const end = Math.min(chunk.length, from + size - position);
    position += chunk.length;
    if (start < end) yield chunk.subarray(start, end);
    if (position >= from + size) return;
  }
}

function parseUrl(text: string, what: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw answerNoUrl(what, text, cause);
  }
}
