import { otherDigest, otherSize } from "./errors.js";
import { Hasher, isDigest, sha256, type Digest } from "../../core/digest.js";
import { isIndexType, isManifestType, manifestMediaTypes } from "../media-types.js";
import { formatReference, type Reference } from "../reference.js";
import type { Descriptor } from "../types.js";
import { manifestTypeOf, MAX_METADATA_SIZE, parseManifestOrIndex } from "../validate.js";
import type { RegistryError } from "./errors.js";
import { resumed } from "../../net/resume.js";
import { withRetries } from "../../net/retry.js";
import type { OnWait } from "../../net/limits.js";
import type { RegistrySession } from "./session.js";
import { discard, readAll, type HttpAnswer } from "../../net/body.js";

/** A manifest or index with its bytes, verified. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for every wait for the registry. */
  readonly onWait?: OnWait | undefined;
}

const ACCEPT = { accept: manifestMediaTypes.join(", ") };

export function pullScope(reference: Reference): string {
  return `repository:${reference.repository}:pull`;
}

/**
 * Returns the descriptor of the manifest that a reference names now. Asks with HEAD, which
 * registries do not count against pull limits, and with GET where HEAD lacks details.
 */
export async function resolve(session: RegistrySession, reference: Reference, options: PullOptions = {}): Promise<Descriptor> {
  const what = `resolve ${formatReference(reference)}`;
  const answer = await session.request({
    what,
    method: "HEAD",
    target: manifestPath(reference),
    scopes: [pullScope(reference)],
    // Some registries and mirrors do not know HEAD. GET then reports the fault, because its answers
    // have a body.
    accept: [200, 400, 404, 405, 501],
    headers: ACCEPT,
    ...waiting(options),
  });
  await discard(answer);
  const { headers, status } = answer.response;
  const digest = reference.digest ?? headers.get("docker-content-digest") ?? "";
  const mediaType = (headers.get("content-type") ?? "").split(";", 1)[0]?.trim() ?? "";
  const size = Number(headers.get("content-length") ?? Number.NaN);
  if (
    status === 200 &&
    isDigest(digest) &&
    (isManifestType(mediaType) || isIndexType(mediaType)) &&
    Number.isSafeInteger(size) &&
    size > 0
  ) {
    return { mediaType, digest, size };
  }
  return (await fetchManifest(session, reference, undefined, options)).descriptor;
}

/**
 * Returns the manifest or index that `digest` names in the reference's repository, or that the
 * reference itself names. Verifies and checks it.
 */
export async function fetchManifest(
  session: RegistrySession,
  reference: Reference,
  digest: Digest | undefined,
  options: PullOptions = {},
): Promise<FetchedManifest> {
  const wanted = digest ?? reference.digest;
  const named: Reference =
    wanted === undefined ? reference : { registry: reference.registry, repository: reference.repository, digest: wanted };
  const what = `get the manifest of ${formatReference(named)}`;
  const bytesOf = async (): Promise<{ answer: HttpAnswer; bytes: Buffer }> => {
    const answer = await session.request({
      what,
      method: "GET",
      target: manifestPath(named),
      scopes: [pullScope(named)],
      accept: [200],
      headers: ACCEPT,
      ...waiting(options),
      retry: false,
    });
    return { answer, bytes: await readAll(answer, what, MAX_METADATA_SIZE) };
  };
  // The body is part of the attempt: a manifest is short, and a broken one can only be requested
  // again.
  const { answer, bytes } = await withRetries(bytesOf, session.retrying(options));
  const actual = sha256(bytes);
  if (wanted !== undefined && actual !== wanted) throw digestMismatch(what, answer.url.origin, wanted, actual);
  const announced = answer.response.headers.get("content-type")?.split(";", 1)[0]?.trim();
  const parsed = parseManifestOrIndex(bytes, announced, `manifest of ${formatReference(named)}`);
  return { descriptor: { mediaType: manifestTypeOf(parsed, announced), digest: actual, size: bytes.length }, bytes };
}

/**
 * Yields the bytes of a blob. Resumes where a broken connection stopped (Range). Verifies size and
 * digest. Throws `registry/size-mismatch` or `registry/digest-mismatch` for wrong bytes.
 */
export async function* fetchBlob(
  session: RegistrySession,
  reference: Reference,
  descriptor: Descriptor,
  options: PullOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const what = `get blob ${descriptor.digest} of ${reference.registry}/${reference.repository}`;
  const hasher = new Hasher();
  const { size } = descriptor;
  let last: HttpAnswer | undefined;
  const ask = async (from: number) => {
    last = await session.request({
      what,
      method: "GET",
      target: `${reference.repository}/blobs/${descriptor.digest}`,
      scopes: [pullScope(reference)],
      accept: from > 0 ? [200, 206] : [200],
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      ...waiting(options),
    });
    return { answer: last, what };
  };
  const ended = (received: number, answer: HttpAnswer): void => {
    if (received < size) throw sizeMismatch(what, answer, size, `only ${received}`);
  };
  for await (const chunk of resumed(ask, { ...session.retrying(options), progress: Math.min(64 << 10, size / 16), ended })) {
    if (hasher.size + chunk.length > size) throw sizeMismatch(what, last as HttpAnswer, size, "more");
    hasher.update(chunk);
    yield chunk;
  }
  const actual = hasher.digest();
  if (actual !== descriptor.digest) throw digestMismatch(what, (last as HttpAnswer).url.origin, descriptor.digest, actual);
}

/** Returns the options of a caller that concern its wait. */
export function waiting({ signal, onWait }: PullOptions): PullOptions {
  return { signal, onWait };
}

export function manifestPath(reference: Reference): string {
  return `${reference.repository}/manifests/${reference.digest ?? reference.tag ?? "latest"}`;
}

function digestMismatch(what: string, url: string, wanted: Digest, actual: Digest): RegistryError {
  return otherDigest(what, actual, wanted, url);
}

/**
 * Returns the error for a wrong number of bytes. Marks it temporary when bytes are missing: proxies
 * end a broken download as if it were complete.
 */
function sizeMismatch(what: string, answer: HttpAnswer, expected: number, found: string): RegistryError {
  return otherSize(what, expected, found, answer);
}
