import { createHash, type Hash, hash } from "node:crypto";

/**
 * An OCI content digest: `sha256:` and 64 lower-case hex digits. Only this file and {@link
 * parseDigest} make one.
 */
export type Digest = string & { readonly __brand: "Digest" };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Returns the digest of `data`. A string counts as its UTF-8 bytes. */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${hash("sha256", data, "hex")}` as Digest;
}

/** Returns true when `text` is a digest that this program can use (sha256, lower-case hex). */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** Returns `text` as a digest. Throws a `TypeError` that quotes a text that is none. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new TypeError(`Cannot use "${text}" as a digest: expected sha256:<64 hex digits>`);
  return text;
}

const scratch = Buffer.from(`sha256:${"0".repeat(64)}`, "latin1");

/**
 * Returns the digest whose 32 bytes stand at `at`. Note that we make one flat string, because a
 * concatenated one takes twice the memory, and there is one for each file.
 */
export function digestOfBytes(bytes: Buffer, at: number): Digest {
  scratch.write(bytes.toString("hex", at, at + 32), "sha256:".length, "latin1");
  return scratch.toString("latin1") as Digest;
}

/** Returns the hex digits of a digest, as used for file names. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** A running sha256 that also counts the bytes it was fed. */
export class Hasher {
  readonly #hash: Hash;
  #size: number;

  /** Continues from the state of `from`, which is not changed. */
  constructor(from?: Hasher) {
    this.#hash = from ? from.#hash.copy() : createHash("sha256");
    this.#size = from?.size ?? 0;
  }

  /** Bytes fed so far. */
  get size(): number {
    return this.#size;
  }

  update(data: Uint8Array): this {
    this.#hash.update(data);
    this.#size += data.length;
    return this;
  }

  /** Ends the hash and returns its digest. May be called once. */
  digest(): Digest {
    return `sha256:${this.#hash.digest("hex")}` as Digest;
  }
}
