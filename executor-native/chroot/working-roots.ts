import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";

/** Roots that wait for a next step; each takes as much of the disk as the files in it. */
const MAX_IDLE = 6;

/** A root that a step may have, in a folder of its own. */
export interface WorkingRoot {
  readonly folder: string;
  /** Number of the step's layers that it has already. */
  readonly has: number;
  /** Gives it back with the changes of the step, which are in the layer `upper`. */
  keep(upper: string): void;
  /** Says that it is as no layers are. */
  discard(): void;
}

interface Root {
  readonly folder: string;
  /** Keys of its layers, bottom first. */
  chain: readonly string[];
  isBusy: boolean;
}

/**
 * The roots of steps without namespaces. A root goes along from a step to the step after it, so
 * that its files are copied once. Only where two steps depend on the same layers, one of them gets
 * a copy.
 */
export class WorkingRoots {
  readonly #directory: string;
  readonly #remove: (paths: readonly string[]) => Promise<void>;
  readonly #roots: Root[] = [];
  #next = 0;

  /** `remove` removes a tree of any owner. */
  constructor(directory: string, remove: (paths: readonly string[]) => Promise<void>) {
    this.#directory = directory;
    this.#remove = remove;
  }

  /** Takes the free root with most of the layers (bottom first), or a new one. */
  take(layers: readonly string[]): WorkingRoot {
    const keys = layers.map(keyOf);
    const root = this.#longest(keys) ?? this.#make();
    root.isBusy = true;
    return {
      folder: root.folder,
      has: root.chain.length,
      keep: (upper) => {
        root.chain = [...keys, keyOf(upper)];
        root.isBusy = false;
        this.#limit();
      },
      discard: () => this.#drop(root),
    };
  }

  /** Removes all of them. Their files may have owners that only this process can remove. */
  async close(): Promise<void> {
    await this.#remove(this.#roots.splice(0).map(({ folder }) => folder));
  }

  #longest(keys: readonly string[]): Root | undefined {
    const fitting = this.#roots.filter(({ chain, isBusy }) => !isBusy && chain.every((key, index) => key === keys[index]));
    return fitting.sort((a, b) => b.chain.length - a.chain.length)[0];
  }

  #make(): Root {
    const folder = join(this.#directory, `working-root-${this.#next++}`);
    mkdirSync(folder, { mode: 0o700 });
    const root: Root = { folder, chain: [], isBusy: true };
    this.#roots.push(root);
    return root;
  }

  /** Drops those that were made first, once there are many. */
  #limit(): void {
    const idle = this.#roots.filter(({ isBusy }) => !isBusy);
    for (const root of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) this.#drop(root);
  }

  #drop(root: Root): void {
    this.#roots.splice(this.#roots.indexOf(root), 1);
    // The rest is removed with the worker's directory.
    this.#remove([root.folder]).catch(() => undefined);
  }
}

/** Returns a name for a directory that stays the same when it is renamed. */
function keyOf(directory: string): string {
  const { dev, ino } = lstatSync(directory, { bigint: true });
  return `${dev}:${ino}`;
}
