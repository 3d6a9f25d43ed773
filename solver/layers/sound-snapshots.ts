import { existsSync } from "node:fs";
import type { LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { LayerTaskRunner, Reporter } from "./ports.js";

export interface SoundSnapshotsOptions {
  readonly store: Store;
  readonly tasks: Pick<LayerTaskRunner, "check">;
  /** Whether no snapshot that was there before is believed (`--no-cache`). */
  readonly checkAll: boolean;
}

/** Tells which snapshots are what their layers say, so that nothing is built on files that a power cut or somebody else changed. */
export class SoundSnapshots {
  readonly #options: SoundSnapshotsOptions;

  constructor(options: SoundSnapshotsOptions) {
    this.#options = options;
  }

  /** Whether the snapshot of an unpacked layer can be used. One that is missing or damaged is dropped, for the layer to be unpacked again or made anew. */
  async isSound(record: LayerRecord, reporter: Reporter): Promise<boolean> {
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
    // Without a table of contents it is unpacked again, where there is something to unpack.
    if (!toc) return !record.suspect && origin === undefined && !(blob && store.blobs.has(blob.digest));
    const directory = store.layers.snapshotPath(id);
    const differences = await tasks.check({ directory, toc, complete: origin !== undefined }, { signal: reporter.signal });
    return differences.length === 0;
  }
}
