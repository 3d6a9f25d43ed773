import { sha256, type Digest } from "../../core/digest.js";
import { formatReference, type Reference } from "../reference.js";
import type { Descriptor } from "../types.js";
import { protocolError, RegistryError } from "./errors.js";
import { manifestPath, pullScope } from "./pull.js";
import { withRetries } from "../http/retry.js";
import type { RegistrySession } from "./session.js";
import { discard, resolveLocation, type HttpAnswer } from "../http/transport.js";

export interface PushBlobOptions {
  /** Opens the blob's bytes anew for each attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** A repository of the same registry that has the blob: the registry then takes it over without an upload. */
  readonly mountFrom?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes sent so far; starts again when an upload is repeated. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** How a blob came to be in the repository. */
export type PushedBlob = "exists" | "mounted" | "uploaded";

/** Bytes of one part, for registries that do not take a blob in one piece. */
const PART_SIZE = 16 << 20;

function pushScope(reference: Reference): string {
  return `repository:${reference.repository}:pull,push`;
}

export async function hasBlob(session: RegistrySession, reference: Reference, digest: Digest, signal?: AbortSignal): Promise<boolean> {
  const answer = await session.request({
    what: `look for blob ${digest} in ${reference.registry}/${reference.repository}`,
    method: "HEAD",
    target: `${reference.repository}/blobs/${digest}`,
    // The scope of what follows, so that one token does for all.
    scopes: [pushScope(reference)],
    accept: [200, 404],
    signal,
  });
  await discard(answer.response);
  return answer.response.status === 200;
}

/** Puts a blob into a repository unless it is there: by mounting where possible, else by an upload in one piece, or in parts where that is refused. */
export async function pushBlob(
  session: RegistrySession,
  reference: Reference,
  descriptor: Descriptor,
  options: PushBlobOptions,
): Promise<PushedBlob> {
  if (await hasBlob(session, reference, descriptor.digest, options.signal)) return "exists";
  const upload = new Upload(session, reference, descriptor, options);
  return upload.run();
}

/** Puts a manifest or index under its tag, or under its digest when the reference has none. Answers its digest. */
export async function pushManifest(
  session: RegistrySession,
  reference: Reference,
  bytes: Uint8Array,
  mediaType: string,
  signal?: AbortSignal,
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
    signal,
  });
  await discard(answer.response);
  const stored = answer.response.headers.get("docker-content-digest");
  if (stored !== null && stored.startsWith("sha256:") && stored !== digest) {
    throw protocolError(what, { method: "PUT", url: answer.url }, `stored it as ${stored} instead of ${digest}`);
  }
  return digest;
}

class Upload {
  readonly #what: string;

  constructor(
    private readonly session: RegistrySession,
    private readonly reference: Reference,
    private readonly descriptor: Descriptor,
    private readonly options: PushBlobOptions,
  ) {
    this.#what = `push blob ${descriptor.digest} to ${reference.registry}/${reference.repository}`;
  }

  async run(): Promise<PushedBlob> {
    // An upload's address is good for one try: each attempt starts with a new one.
    return withRetries(
      async () => {
        const started = await this.#start();
        if (started === "mounted") return started;
        try {
          await this.#sendWhole(started);
        } catch (error) {
          if (!(error instanceof RegistryError) || error.status !== 413 || this.descriptor.size <= PART_SIZE) throw error;
          const again = await this.#start();
          if (again === "mounted") return again;
          await this.#sendParts(again);
        }
        return "uploaded";
      },
      { clock: this.session.clock, signal: this.options.signal },
    );
  }

  async #start(): Promise<URL | "mounted"> {
    const { mountFrom } = this.options;
    const mounts = mountFrom !== undefined && mountFrom !== this.reference.repository;
    const query = mounts ? `?mount=${encodeURIComponent(this.descriptor.digest)}&from=${encodeURIComponent(mountFrom)}` : "";
    const answer = await this.session.request({
      what: this.#what,
      method: "POST",
      target: `${this.reference.repository}/blobs/uploads/${query}`,
      scopes: mounts ? [pushScope(this.reference), pullScope({ ...this.reference, repository: mountFrom })] : [pushScope(this.reference)],
      accept: mounts ? [201, 202] : [202],
      body: new Uint8Array(0),
      signal: this.options.signal,
      retry: false,
    });
    await discard(answer.response);
    return answer.response.status === 201 ? "mounted" : this.#location(answer);
  }

  async #sendWhole(location: URL): Promise<void> {
    await this.#finish(location, { size: this.descriptor.size, open: () => this.#counted(0, this.descriptor.size) });
  }

  async #sendParts(start: URL): Promise<void> {
    let location = start;
    for (let from = 0; from < this.descriptor.size; from += PART_SIZE) {
      const size = Math.min(PART_SIZE, this.descriptor.size - from);
      const answer = await this.session.request({
        what: this.#what,
        method: "PATCH",
        target: location,
        scopes: [pushScope(this.reference)],
        accept: [202, 204],
        headers: { "content-type": "application/octet-stream", "content-range": `${from}-${from + size - 1}` },
        body: { size, open: () => this.#counted(from, size) },
        signal: this.options.signal,
        retry: false,
      });
      await discard(answer.response);
      location = this.#location(answer);
    }
    await this.#finish(location, new Uint8Array(0));
  }

  async #finish(location: URL, body: NonNullable<Parameters<RegistrySession["request"]>[0]["body"]>): Promise<void> {
    const target = new URL(location);
    target.searchParams.set("digest", this.descriptor.digest);
    const answer = await this.session.request({
      what: this.#what,
      method: "PUT",
      target,
      scopes: [pushScope(this.reference)],
      accept: [201, 204],
      headers: { "content-type": "application/octet-stream" },
      body,
      signal: this.options.signal,
      retry: false,
    });
    await discard(answer.response);
  }

  /** `size` bytes of the blob from `from` on; the bytes before are read and dropped, as a verifying source must be read from its start. */
  async *#counted(from: number, size: number): AsyncGenerator<Uint8Array> {
    let position = 0;
    for await (const chunk of this.options.open()) {
      const start = Math.max(0, from - position);
      const end = Math.min(chunk.length, from + size - position);
      position += chunk.length;
      if (start < end) {
        yield chunk.subarray(start, end);
        this.options.onProgress?.(Math.min(position, from + size));
      }
      // The last part reads on to the end, where the source verifies the whole.
      if (position >= from + size && from + size < this.descriptor.size) return;
    }
  }

  #location(answer: HttpAnswer): URL {
    const location = resolveLocation(answer.response.headers.get("location") ?? "", answer.url);
    if (answer.response.headers.get("location") === null || location === undefined) {
      throw protocolError(this.#what, { method: "POST", url: answer.url }, "gave no address to upload to");
    }
    return location;
  }
}
