import { promisify } from "node:util";
import { deflateRaw, inflateRawSync } from "node:zlib";
import type { Memo } from "../../cache/contract/memo.js";
import { differingEntries, type SelectedEntries } from "./selection-manifest.js";
import type { Background } from "../layers/background.js";

/** Kind of memo: it may vanish, and explanations then name no files. */
const KIND = "selection";

/** Characters; of what is larger no files are named. About 100,000 entries. */
const LARGEST = 16 << 20;

/**
 * What content digests were taken over. Every digest of a build is noted, which costs nothing; those in the key of a step that ran are written
 * down, compressed, beside the build.
 */
export class Selections {
  readonly #memo: Pick<Memo, "get" | "set">;
  readonly #background: Background;
  readonly #noted = new Map<string, () => string>();

  /** `elsewhere`: what came with caches of other machines. */
  constructor(
    memo: Pick<Memo, "get" | "set">,
    background: Background,
    private readonly elsewhere: (digest: string) => string | undefined = () => undefined,
  ) {
    this.#memo = memo;
    this.#background = background;
  }

  readonly note = (digest: string, manifest: () => string): void => {
    this.#noted.set(digest, manifest);
  };

  /** Writes down what was noted for these digests. */
  keep(digests: readonly string[]): void {
    for (const digest of digests) {
      const manifest = this.#noted.get(digest);
      if (manifest) this.#background.start(() => this.#write(digest, manifest));
    }
  }

  /** The entries in which two selections differ; undefined when one of them is not known any more. */
  differing(was: string, is: string): { readonly before: SelectedEntries; readonly after: SelectedEntries } | undefined {
    const [before, after] = [this.read(was), this.read(is)];
    return before === undefined || after === undefined ? undefined : differingEntries(before, after);
  }

  /** The list of files behind a digest, as `encodeSelection` made it. */
  read(digest: string): string | undefined {
    const noted = this.#noted.get(digest);
    if (noted) return noted();
    const kept = this.#memo.get(KIND, digest);
    try {
      return kept ? inflateRawSync(kept).toString("utf8") : this.elsewhere(digest);
    } catch {
      // Of another format.
      return undefined;
    }
  }

  async #write(digest: string, manifest: () => string): Promise<void> {
    const text = manifest();
    if (text.length <= LARGEST) this.#memo.set(KIND, digest, await promisify(deflateRaw)(text, { level: 1 }));
  }
}
