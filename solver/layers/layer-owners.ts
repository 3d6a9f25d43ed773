import type { LayerId } from "../../cache/contract/layers.js";
import type { Reporter } from "./ports.js";

/** A step that works on its layers after its end. */
interface OwnerStep {
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
  close(): void;
}

/**
 * Steps that layers belong to. The layers of a base image are brought when another step needs them;
 * FROM shows that time.
 */
export class LayerOwners {
  readonly #owners = new Map<LayerId, () => OwnerStep>();

  /** Registers the step of layers. Layers that several steps name belong to the first. */
  own(layers: readonly LayerId[], resume: () => OwnerStep): void {
    for (const id of layers) if (!this.#owners.has(id)) this.#owners.set(id, resume);
  }

  has(id: LayerId): boolean {
    return this.#owners.has(id);
  }

  /**
   * Runs work on a layer as a part of its step, or of the caller's step when the layer belongs to
   * none.
   */
  async as<T>(id: LayerId, reporter: Reporter, work: (reporter: Reporter) => Promise<T>): Promise<T> {
    const step = this.#owners.get(id)?.();
    if (!step) return work(reporter);
    try {
      return await work({ signal: reporter.signal, progress: (...part) => step.progress(...part) });
    } finally {
      step.close();
    }
  }
}
