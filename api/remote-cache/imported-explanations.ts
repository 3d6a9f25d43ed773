import type { TransferContent } from "../../cache/remote/content.js";
import type { CacheKey } from "../../core/cache-key.js";
import { canonicalJson } from "../../core/canonical.js";
import { type PortableExplanations, type PortableRun, unpackExplanations } from "../../solver/explain/portable-explanation.js";

/** Explanations that were imported with caches of other machines. */
export class ImportedExplanations {
  readonly #caches: (PortableExplanations & { readonly from: string })[] = [];

  /**
   * Adds the explanations of a cache; `from` is its name for people. Returns its results with the
   * components of their keys.
   */
  add(from: string, content: TransferContent): TransferContent {
    const byKey = new Map<CacheKey, PortableRun>();
    for (const text of content.explanations ?? []) {
      const imported = unpackExplanations(text);
      this.#caches.push({ from, ...imported });
      for (const run of imported.runs) byKey.set(run.key, run);
    }
    if (byKey.size === 0) return content;
    const results = content.results.map((result) => {
      const run = byKey.get(result.keys[0]);
      return run
        ? { ...result, components: canonicalJson({ identity: run.components.identity, inputs: [...run.components.inputs] }) }
        : result;
    });
    return { ...content, results };
  }

  runs(): readonly { readonly from: string; readonly runs: readonly PortableRun[] }[] {
    return this.#caches;
  }

  selection(digest: string): string | undefined {
    for (const { selections } of this.#caches) {
      const text = selections.get(digest);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}
