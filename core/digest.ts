import { createHash, type Hash, hash } from "node:crypto";

/** An OCI content digest, `sha256:` and 64 lower-case hex digits. Only this file and {@link parseDigest} make one. */
export type Digest = string & { readonly __brand: "Digest" };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** The digest of `data` (a string counts as its UTF-8 bytes). */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${hash("sha256", data, "hex")}` as Digest;
}

/** Whether `text` is a digest this program can use (sha256, lower-case hex). */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** `text` as a digest; throws a `TypeError` that quotes it when it is none. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) throw new TypeError(`Cannot use "${text}" as a digest: expected sha256:<64 hex digits>`);
  return text;
}

const scratch = Buffer.from(`sha256:${"0".repeat(64)}`, "latin1");

/** The digest whose 32 bytes stand at `at`. One string without others behind it: where there is one for each file, that is half of the memory. */
export function digestOfBytes(bytes: Buffer, at: number): Digest {
  scratch.write(bytes.toString("hex", at, at + 32), "sha256:".length, "latin1");
  return scratch.toString("latin1") as Digest;
}

/** The hex digits of a digest, as used for file names. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** A running sha256 that also counts the bytes it was fed. */
export class Hasher {
  readonly #hash: Hash;
  #size: number;

  /** Goes on from where `from` is, which stays as it is. */
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

  /** Ends the hash. May be called once. */
  digest(): Digest {
    return `sha256:${this.#hash.digest("hex")}` as Digest;
  }
}
