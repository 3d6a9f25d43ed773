import { closeSync, createReadStream, createWriteStream, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGzip, gzipSync } from "node:zlib";
import { JOURNAL } from "./build-journal.js";
import type { BuildLogs, BuildNote } from "../contract/builds.js";
import { writeAll } from "../../core/system/write-all.js";

/** Bytes up to which a log is compressed at once, which is faster than a call to another thread. */
const SMALL = 64 << 10;

/** Output compresses well at any level; the fastest costs a tenth of the best. */
const LEVEL = 1;

/**
 * Logs of a build as files of a directory: `<step>` as it was printed, `<step>.gz` when the step
 * has ended; the journal stands beside them. Disks are faster than steps print, so bytes are
 * written at once, and memory stays flat. {@link finish} reports the first failure; the build goes
 * on without logs.
 */
export class FileBuildLogs implements BuildLogs {
  readonly #make: () => string;
  readonly #open = new Map<number, number>();
  #journal: number | undefined;
  #printed = false;
  readonly #compressing: Promise<void>[] = [];
  #directory: string | undefined;
  #failure: { readonly error: unknown } | undefined;
  #discarded = false;

  constructor(makeDirectory: () => string) {
    this.#make = makeDirectory;
  }

  /** Directory of the logs; undefined when nothing was written. */
  get directory(): string | undefined {
    return this.#directory;
  }

  /** True when any step printed anything. */
  get printed(): boolean {
    return this.#printed;
  }

  write(index: number, data: Uint8Array): void {
    if (this.#failure || this.#discarded || data.length === 0) return;
    this.#try(() => {
      let fd = this.#open.get(index);
      if (fd === undefined) {
        this.#open.set(index, (fd = this.#openFile(String(index))));
        this.#printed = true;
      }
      writeAll(fd, data);
    });
  }

  note(note: BuildNote): void {
    if (this.#failure || this.#discarded) return;
    this.#try(() => writeAll((this.#journal ??= this.#openFile(JOURNAL)), Buffer.from(`${JSON.stringify(note)}\n`)));
  }

  end(index: number): void {
    const fd = this.#open.get(index);
    if (fd === undefined) return;
    this.#open.delete(index);
    this.#try(() => {
      closeSync(fd);
      if (!this.#failure && !this.#discarded) this.#compress(join(this.#directory ?? "", String(index)));
    });
  }

  async finish(): Promise<void> {
    for (const index of this.#open.keys()) this.end(index);
    await Promise.all(this.#compressing);
    this.#closeJournal();
    if (this.#failure) throw this.#failure.error;
  }

  discard(): void {
    this.#discarded = true;
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
    this.#closeJournal();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }

  #openFile(name: string): number {
    this.#directory ??= this.#make();
    return openSync(join(this.#directory, name), "a");
  }

  #closeJournal(): void {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
  }

  #compress(path: string): void {
    if (statSync(path).size <= SMALL) {
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: LEVEL }));
      rmSync(path);
      return;
    }
    this.#compressing.push(
      compressLarge(path).catch((error: unknown) => {
        this.#failure ??= { error };
      }),
    );
  }

  #try(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#failure ??= { error };
    }
  }
}

async function compressLarge(path: string): Promise<void> {
  // Loaded here: a build without changes has no use for it.
  const { pipeline } = await import("node:stream/promises");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), createGzip({ level: LEVEL }), createWriteStream(`${path}.gz`));
  rmSync(path, { force: true });
}
