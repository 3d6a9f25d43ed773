import { existsSync } from "node:fs";
import type { LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { LayerTaskRunner, Reporter } from "./ports.js";

interface SnapshotChecksOptions {
  readonly store: Store;
  readonly tasks: Pick<LayerTaskRunner, "check">;
  /** True trusts no existing snapshot (`--no-cache`). */
  readonly checkAll: boolean;
}

/**
 * Checks that snapshots match their layers, so that no step uses files that a power cut or another
 * program changed.
 */
export class SnapshotChecks {
  readonly #options: SnapshotChecksOptions;

  constructor(options: SnapshotChecksOptions) {
    this.#options = options;
  }

  /**
   * Returns true when the snapshot of an unpacked layer can be used. Drops a missing or damaged
   * one, so that the layer is unpacked or made again.
   */
  async isIntact(record: LayerRecord, reporter: Reporter): Promise<boolean> {
    const { layers } = this.#options.store;
    const { id } = record;
    if (existsSync(layers.snapshotPath(id)) && (await this.#isAsRecorded(record, reporter))) {
      if (record.suspect) layers.trust([id]);
      return true;
    }
    layers.dropSnapshot(id);
    return false;
  }

  async #isAsRecorded(record: LayerRecord, reporter: Reporter): Promise<boolean> {
    const { store, tasks, checkAll } = this.#options;
    if (!checkAll && !record.suspect) return true;
    const toc = record.diffId === undefined ? undefined : store.layers.toc(record.diffId);
    const { origin, blob, id } = record;
    // Without a table of contents it is unpacked again, where there is a blob to unpack.
    if (!toc) return !record.suspect && origin === undefined && !(blob && store.blobs.has(blob.digest));
    const directory = store.layers.snapshotPath(id);
    const differences = await tasks.check({ directory, toc, complete: origin !== undefined }, { signal: reporter.signal });
    return differences.length === 0;
  }
}
