import { secretUnreadable, secretTooLarge, secretVariableMissing } from "./errors.js";
import { closeSync, openSync, statSync } from "node:fs";
import type { TsbuildError } from "../../core/errors.js";
import { OPEN_INPUT, readRegularFile } from "../../core/system/regular-file.js";
import type { SecretSource } from "../options/options.js";
import { readPipe } from "../../core/system/input-pipe.js";

/** Bytes of the largest secret; BuildKit's limit. */
const LARGEST = 500 * 1024;

/**
 * The secrets of a build. Every secret is checked at once, so that a typing mistake does not cost
 * half a build. A file is read when a step first asks for it; its content exists only here and in
 * the steps that mount it.
 */
export class BuildSecrets {
  readonly #sources: ReadonlyMap<string, SecretSource>;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #read = new Map<string, Uint8Array>();
  readonly #pipes = new Set<string>();

  /** Throws `secret/unreadable`, `secret/too-large`, `secret/variable-not-set`. */
  constructor(sources: Readonly<Record<string, SecretSource>>, env: Readonly<Record<string, string | undefined>>) {
    this.#sources = new Map(Object.entries(sources));
    this.#env = env;
    for (const [id, source] of this.#sources) this.#check(id, source);
  }

  get(id: string): Uint8Array | undefined {
    const known = this.#read.get(id);
    if (known) return known;
    const source = this.#sources.get(id);
    if (source === undefined) return undefined;
    const value = this.#load(id, source);
    this.#read.set(id, value);
    return value;
  }

  /**
   * Reads the secrets that come through pipes (`src=<(command)`) to their ends. Note that the first
   * step does not read them, because such a wait would block the process, and no ctrl-c would end
   * it.
   */
  async readPipes(signal: AbortSignal): Promise<void> {
    for (const id of this.#pipes) {
      const { src } = this.#sources.get(id) as { readonly src: string };
      const fd = attempt(id, src, () => openSync(src, OPEN_INPUT));
      try {
        const check = (size: number): void => {
          if (size > LARGEST) throw tooLarge(id, size);
        };
        this.#read.set(id, await readPipe(fd, signal, check));
      } finally {
        closeSync(fd);
      }
    }
    this.#pipes.clear();
  }

  #check(id: string, source: SecretSource): void {
    if ("src" in source) {
      const stat = attempt(id, source.src, () => statSync(source.src));
      if (stat.size > LARGEST) throw tooLarge(id, stat.size);
      if (stat.isFIFO()) this.#pipes.add(id);
    } else if ("env" in source) {
      if (this.#env[source.env] === undefined) throw secretVariableMissing(id, source);
    } else if (source.value.length > LARGEST) throw tooLarge(id, source.value.length);
  }

  #load(id: string, source: SecretSource): Uint8Array {
    if ("src" in source) {
      return attempt(id, source.src, () => readRegularFile(source.src, LARGEST));
    }
    return Buffer.from("env" in source ? (this.#env[source.env] ?? "") : source.value);
  }
}

function attempt<T>(id: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw secretUnreadable(id, path, cause);
  }
}

function tooLarge(id: string, size: number): TsbuildError {
  return secretTooLarge(id, size, LARGEST);
}
