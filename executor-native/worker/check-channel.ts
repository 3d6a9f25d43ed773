import type { Duplex } from "node:stream";
import type { HealthResult } from "../contract.js";

/** Bytes of a check's output that are kept: the last ones, as in docker. */
const KEPT_OUTPUT = 4096;

/** Bytes of a frame before its content: helper/sandbox/checker.h. */
const HEADER = 3;
const OUTPUT = "o".charCodeAt(0);
const EXIT = "e".charCodeAt(0);

/**
 * Orders health checks of one command, one at a time. Note that the command may write frames, too,
 * because it has the user of the checks: what it writes is bounded, and means its own health only.
 */
export class CheckChannel {
  readonly #stream: Duplex;
  #rest = Buffer.alloc(0);
  #output = Buffer.alloc(0);
  #finish: ((result: HealthResult | undefined) => void) | undefined;
  #ended = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream
      .on("data", (data: Buffer) => this.#read(data))
      .on("error", () => {}) // The command has ended.
      .on("close", () => this.#end());
  }

  /** Resolves with the result of a check; with undefined when the command ends before. */
  check(): Promise<HealthResult | undefined> {
    if (this.#finish) throw new Error("internal: a health check runs already");
    if (this.#ended) return Promise.resolve(undefined);
    this.#output = Buffer.alloc(0);
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#stream.write("c");
    });
  }

  /** Kills the check that runs, which then ends with 137. */
  kill(): void {
    if (this.#finish && !this.#ended) this.#stream.write("k");
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= HEADER) {
      const size = this.#rest.readUInt16LE(1);
      if (this.#rest.length < HEADER + size) return;
      const content = this.#rest.subarray(HEADER, HEADER + size);
      const [kind] = this.#rest;
      this.#rest = this.#rest.subarray(HEADER + size);
      if (kind === OUTPUT) this.#output = Buffer.concat([this.#output, content]).subarray(-KEPT_OUTPUT);
      if (kind === EXIT) this.#done({ code: content[0] ?? 1, output: this.#output.toString() });
    }
  }

  #end(): void {
    this.#ended = true;
    this.#done(undefined);
  }

  #done(result: HealthResult | undefined): void {
    this.#finish?.(result);
    this.#finish = undefined;
  }
}
