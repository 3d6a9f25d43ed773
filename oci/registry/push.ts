import { CanceledError, TsbuildError } from "../../core/errors.js";
import { sha256, type Digest } from "../../core/digest.js";
import { formatReference, type Reference } from "../reference.js";
import type { Descriptor } from "../types.js";
import { protocolError, RegistryError } from "./errors.js";
import { manifestPath, type PullOptions, pullScope, resolve, waiting } from "./pull.js";
import { withRetries } from "../../net/retry.js";
import type { RegistrySession } from "./session.js";
import { discard, type HttpAnswer } from "../../net/body.js";
import { hostOf, isLoopback, isMachineLocal } from "../../net/proxy.js";
import { resolveLocation } from "../../net/transport.js";

export interface PushBlobOptions extends PullOptions {
  /** Opens the blob's bytes again for each attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /**
   * A repository of the same registry that has the blob: the registry then mounts the blob without
   * an upload.
   */
  readonly mountFrom?: string | undefined;
  /** Bytes sent so far. The count starts again when an upload is repeated. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Way in which a blob came into the repository. */
export type PushedBlob = "exists" | "mounted" | "uploaded";

function pushScope(reference: Reference): string {
  return `repository:${reference.repository}:pull,push`;
}

/**
 * Returns true when a repository has a blob. An answer that names neither digest nor size of the
 * blob, such as a login page, counts as no.
 */
export async function hasBlob(
  session: RegistrySession,
  reference: Reference,
  { digest, size }: Pick<Descriptor, "digest"> & Partial<Descriptor>,
  options: PullOptions = {},
): Promise<boolean> {
  const answer = await session.request({
    what: `look for blob ${digest} in ${reference.registry}/${reference.repository}`,
    method: "HEAD",
    target: `${reference.repository}/blobs/${digest}`,
    // The scope of the upload that follows, so that one token serves both.
    scopes: [pushScope(reference)],
    accept: [200, 404],
    ...waiting(options),
  });
  await discard(answer);
  const { headers, status } = answer.response;
  const named = headers.get("docker-content-digest");
  if (named !== null || size === undefined) return status === 200 && (named ?? digest) === digest;
  return status === 200 && Number(headers.get("content-length") ?? Number.NaN) === size;
}

/**
 * Puts a blob into a repository unless it is there: by mounting where possible, else by an upload
 * in one piece, or in parts where that is refused.
 */
export async function pushBlob(
  session: RegistrySession,
  reference: Reference,
  descriptor: Descriptor,
  options: PushBlobOptions,
): Promise<PushedBlob> {
  if (await hasBlob(session, reference, descriptor, options)) return "exists";
  const upload = new Upload({ session, reference, descriptor, options });
  return upload.run();
}

/**
 * Puts a manifest or index under its tag, or under its digest when the reference has none. Returns
 * the digest. Success is 201 with that digest. After any other successful answer, reads the digest
 * back from the registry, because a proxy may have answered with a login page.
 */
export async function pushManifest(
  session: RegistrySession,
  reference: Reference,
  bytes: Uint8Array,
  mediaType: string,
  options: PullOptions = {},
): Promise<Digest> {
  const digest = sha256(bytes);
  const named =
    reference.tag === undefined
      ? { ...reference, digest }
      : { registry: reference.registry, repository: reference.repository, tag: reference.tag };
  const what = `push the manifest of ${formatReference(named)}`;
  const answer = await session.request({
    what,
    method: "PUT",
    target: manifestPath(named),
    scopes: [pushScope(reference)],
    accept: [200, 201, 202],
    headers: { "content-type": mediaType },
    body: bytes,
    ...waiting(options),
  });
  await discard(answer);
  const { headers, status } = answer.response;
  const stored = headers.get("docker-content-digest");
  if (status === 201 && stored === digest) return digest;
  const request = { method: "PUT", url: answer.url };
  if (stored !== null && stored.startsWith("sha256:") && stored !== digest)
    throw protocolError(what, request, `stored it as ${stored} instead of ${digest}`);
  const found = await storedDigest(session, named, options).catch((error: unknown) => {
    if (error instanceof TsbuildError && !(error instanceof CanceledError))
      throw protocolError(what, request, `answered ${status}, but has no such manifest afterwards`, error);
    throw error;
  });
  if (found !== digest) throw protocolError(what, request, `answered ${status}, but has ${found} there afterwards`);
  return digest;
}

/**
 * Returns the digest that a registry has under a name, also under a digest: only the registry's own
 * answer counts.
 */
async function storedDigest(session: RegistrySession, { digest, ...named }: Reference, options: PullOptions): Promise<Digest> {
  const tag = digest ?? named.tag;
  return (await resolve(session, tag === undefined ? named : { ...named, tag }, options)).digest;
}

interface UploadParts {
  readonly session: RegistrySession;
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly options: PushBlobOptions;
}

class Upload {
  readonly #session: RegistrySession;
  readonly #reference: Reference;
  readonly #descriptor: Descriptor;
  readonly #options: PushBlobOptions;
  readonly #what: string;

  constructor({ session, reference, descriptor, options }: UploadParts) {
    this.#session = session;
    this.#reference = reference;
    this.#descriptor = descriptor;
    this.#options = options;
    this.#what = `push blob ${descriptor.digest} to ${reference.registry}/${reference.repository}`;
  }

  async run(): Promise<PushedBlob> {
    // An upload's address is good for one try: each attempt starts with a new one.
    return withRetries(async () => {
      const started = await this.#initiate();
      if (started === "mounted") return started;
      try {
        await this.#uploadWhole(started);
      } catch (error) {
        if (!(error instanceof RegistryError) || error.status !== 413 || this.#descriptor.size <= this.#session.partSize) throw error;
        const again = await this.#initiate();
        if (again === "mounted") return again;
        await this.#uploadParts(again);
      }
      return "uploaded";
    }, this.#session.retrying(this.#options));
  }

  async #initiate(): Promise<URL | "mounted"> {
    const { mountFrom } = this.#options;
    if (mountFrom === undefined || mountFrom === this.#reference.repository) return this.#location(await this.#post("", [], [202]));
    const query = `?mount=${encodeURIComponent(this.#descriptor.digest)}&from=${encodeURIComponent(mountFrom)}`;
    try {
      const answer = await this.#post(query, [pullScope({ ...this.#reference, repository: mountFrom })], [201, 202]);
      if (answer.response.status !== 201) return this.#location(answer);
      if (await this.#isStored(answer)) return "mounted";
    } catch (error) {
      // Registries refuse mounts in many ways: unknown parameter, another project, a token for one
      // repository only (google/go-containerregistry, issues 1404 and 1679).
      if (!(error instanceof RegistryError) || error.status === undefined || error.status === 429) throw error;
    }
    return this.#location(await this.#post("", [], [202]));
  }

  async #post(query: string, scopes: readonly string[], accept: readonly number[]): Promise<HttpAnswer> {
    const answer = await this.#session.request({
      what: this.#what,
      method: "POST",
      target: `${this.#reference.repository}/blobs/uploads/${query}`,
      scopes: [pushScope(this.#reference), ...scopes],
      accept,
      body: new Uint8Array(0),
      ...waiting(this.#options),
      retry: false,
    });
    await discard(answer);
    return answer;
  }

  async #uploadWhole(location: URL): Promise<void> {
    await this.#commit(location, { size: this.#descriptor.size, open: () => this.#readRange(0, this.#descriptor.size) });
  }

  async #uploadParts(start: URL): Promise<void> {
    let location = start;
    const { partSize } = this.#session;
    for (let from = 0; from < this.#descriptor.size; from += partSize) {
      const size = Math.min(partSize, this.#descriptor.size - from);
      const answer = await this.#session.request({
        what: this.#what,
        method: "PATCH",
        target: location,
        scopes: [pushScope(this.#reference)],
        accept: [202, 204],
        headers: { "content-type": "application/octet-stream", "content-range": `${from}-${from + size - 1}` },
        body: { size, open: () => this.#readRange(from, size) },
        ...waiting(this.#options),
        retry: false,
      });
      await discard(answer);
      location = this.#location(answer);
    }
    await this.#commit(location, new Uint8Array(0));
  }

  async #commit(location: URL, body: NonNullable<Parameters<RegistrySession["request"]>[0]["body"]>): Promise<void> {
    const target = new URL(location);
    target.searchParams.set("digest", this.#descriptor.digest);
    const answer = await this.#session.request({
      what: this.#what,
      method: "PUT",
      target,
      scopes: [pushScope(this.#reference)],
      accept: [201, 204],
      headers: { "content-type": "application/octet-stream" },
      body,
      ...waiting(this.#options),
      retry: false,
    });
    await discard(answer);
    if (await this.#isStored(answer)) return;
    throw protocolError(
      this.#what,
      { method: "PUT", url: answer.url },
      `answered ${answer.response.status}, but has no such blob afterwards`,
    );
  }

  /**
   * Returns true when a successful answer names the digest, or when the repository confirms that it
   * has the blob.
   */
  async #isStored({ response }: HttpAnswer): Promise<boolean> {
    if (response.status === 201 && response.headers.get("docker-content-digest") === this.#descriptor.digest) return true;
    return hasBlob(this.#session, this.#reference, this.#descriptor, this.#options);
  }

  /**
   * Yields `size` bytes of the blob from `from` on. Reads and drops the bytes before, because a
   * verifying source must be read from its start.
   */
  async *#readRange(from: number, size: number): AsyncGenerator<Uint8Array> {
    let position = 0;
    for await (const chunk of this.#options.open()) {
      const start = Math.max(0, from - position);
      const end = Math.min(chunk.length, from + size - position);
      position += chunk.length;
      if (start < end) {
        yield chunk.subarray(start, end);
        this.#options.onProgress?.(Math.min(position, from + size));
      }
      // The last part reads on to the end, where the source verifies the whole.
      if (position >= from + size && from + size < this.#descriptor.size) return;
    }
  }

  #location(answer: HttpAnswer): URL {
    const location = resolveLocation(answer.response.headers.get("location") ?? "", answer.url);
    if (answer.response.headers.get("location") === null || location === undefined) {
      throw protocolError(this.#what, { method: "POST", url: answer.url }, "gave no address to upload to");
    }
    // A hostile registry could make us send a layer to a service that only this machine reaches,
    // such as a cloud's metadata service.
    const [from, to] = [hostOf(answer.url), hostOf(location)];
    if (from !== to && isMachineLocal(to) && !(isLoopback(from) && isLoopback(to))) {
      throw protocolError(
        this.#what,
        { method: "POST", url: answer.url },
        `wants the upload sent to ${location.host}, an address that only this machine has`,
      );
    }
    return location;
  }
}
