import { statfsSync } from "node:fs";
import { join } from "node:path";
import type { LayerId } from "../../cache/contract/layers.js";
import type { Digest } from "../../core/digest.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { IndexedTar } from "../../oci/layer/model/tasks.js";
import { layerCompression } from "../../oci/media-types.js";
import type { LayerAccess } from "./layer-access.js";
import type { BlobFile } from "./layer-fetcher.js";
import type { Reporter } from "./ports.js";

/**
 * Requests for files of one blob that each read it from its start. Few builds have more, and an
 * index takes memory, and room on the disk where the blob is compressed.
 */
const SCANS = 2;

/** Share of the free disk that the tar of a compressed blob may take. */
const MAX_DISK_SHARE = 1 / 4;

type Layers = Pick<LayerAccess, "store" | "tasks" | "record" | "reading">;

interface File {
  readonly path: string;
  readonly dest: string;
}

/** The place of a file's content in a tar. */
interface Place {
  readonly start: number;
  readonly size: number;
}

/**
 * Takes single files out of the blobs of layers. A blob of which many steps want files is read a
 * few times from its start, then once more for an index of its files. From then on a step reads
 * only the files that it takes. So the work grows with the steps and the layer, not with their
 * product.
 */
export class LayerFiles {
  readonly #layers: Layers;
  readonly #flights = new SingleFlight();
  /** Requests so far by blob. */
  readonly #requests = new Map<Digest, number>();
  readonly #indexes = new Map<Digest, TarIndex>();

  constructor(layers: Layers) {
    this.#layers = layers;
  }

  /** Writes files of a layer's blob to temporary files. Returns the path of each. */
  async taken(id: LayerId, paths: readonly string[], reporter: Reporter): Promise<(path: string) => string> {
    const directory = this.#layers.store.temporaryDirectory();
    const files = paths.map((path, index): File => ({ path, dest: join(directory, String(index)) }));
    await this.#layers.reading(id, reporter, (blob) => this.#take(id, blob, files, reporter.signal));
    const places = new Map(files.map(({ path, dest }) => [path, dest]));
    return (path) => {
      const place = places.get(path);
      if (place === undefined) throw new Error(`internal: ${path} was not taken from layer ${id}`);
      return place;
    };
  }

  async #take(id: LayerId, { blob, path }: BlobFile, files: readonly File[], signal: AbortSignal): Promise<void> {
    const { tasks } = this.#layers;
    const index = await this.#index(id, { blob, path }, signal);
    const parts = files.flatMap(({ path: name, dest }) => {
      const place = index?.place(name);
      return place ? [{ ...place, dest }] : [];
    });
    const others = files.filter(({ path: name }) => !index?.place(name));
    await allOrAbort(signal, (each) => [
      ...(index && parts.length > 0 ? [tasks.cut({ tar: index.tar, parts }, { signal: each })] : []),
      ...(others.length > 0 ? [tasks.extract({ blob: path, mediaType: blob.mediaType, files: others }, { signal: each })] : []),
    ]);
  }

  /**
   * Returns the index of a blob. Returns undefined for the first requests, and for a blob that
   * cannot have one.
   */
  async #index(id: LayerId, { blob, path }: Pick<BlobFile, "blob" | "path">, signal: AbortSignal): Promise<TarIndex | undefined> {
    const { digest, mediaType } = blob;
    const requests = (this.#requests.get(digest) ?? 0) + 1;
    this.#requests.set(digest, requests);
    const known = this.#indexes.get(digest);
    if (known || requests <= SCANS) return known;
    const compressed = layerCompression(mediaType) !== "uncompressed";
    if (compressed && !this.#hasRoom(id)) return undefined;
    return this.#flights.share(digest, signal, async (shared) => {
      const { store, tasks } = this.#layers;
      const out = compressed ? join(store.temporaryDirectory(), "tar") : undefined;
      const found = await tasks.index({ blob: path, mediaType, ...(out === undefined ? {} : { out }) }, { signal: shared });
      const index = found && new TarIndex(found);
      if (index) this.#indexes.set(digest, index);
      return index;
    });
  }

  /** Returns true when the disk has enough room for the tar of a layer. */
  #hasRoom(id: LayerId): boolean {
    const { store } = this.#layers;
    const { diffId } = this.#layers.record(id);
    const toc = diffId === undefined ? undefined : store.layers.toc(diffId);
    if (!toc) return false;
    const { bavail, bsize } = statfsSync(store.root);
    return toc.size < bavail * bsize * MAX_DISK_SHARE;
  }
}

/** The place of each file's content in a tar, by path. */
class TarIndex {
  readonly tar: string;
  readonly #found: IndexedTar;
  readonly #numbers = new Map<string, number>();

  constructor(found: IndexedTar) {
    this.tar = found.tar;
    this.#found = found;
    for (const path of found.paths.split("\0").slice(0, -1)) this.#numbers.set(path, this.#numbers.size);
  }

  place(path: string): Place | undefined {
    const number = this.#numbers.get(path);
    return number === undefined ? undefined : { start: this.#found.starts[number] as number, size: this.#found.sizes[number] as number };
  }
}
