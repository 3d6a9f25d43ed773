import type { LayerId } from "../contract/layers.js";
import { type Stack, stackBelow, stackOn } from "../contract/stacks.js";
import type { Database } from "../database/database.js";
import { layerMissing } from "../errors.js";
import { layerId, layerRow } from "../layer-id.js";

/**
 * Stacks of layers as rows. Each row names a layer and the row of the stack below it, so a result
 * adds one row however many layers it depends on. A row never changes, and its number is never used
 * again.
 */
export class Stacks {
  readonly #database: Database;
  #ids = new WeakMap<Stack, number>();
  readonly #layers = new Map<number, Stack>();
  #revision: number;

  constructor(database: Database) {
    this.#database = database;
    this.#revision = database.revision;
  }

  /**
   * Returns the number of the row of a stack, which is made where it is missing; null for the empty
   * stack. Call it inside the transaction that refers to the row.
   */
  idOf(stack: Stack): number | null {
    this.#forgetRolledBack();
    let { id, height } = this.#highest(stack);
    for (; height < stack.length; height++) {
      const layer = stack[height] as LayerId;
      id = this.#find(id, layer) ?? this.#insert(id, layer);
    }
    if (id !== null) this.#remember(id, stack);
    return id;
  }

  /** Returns the stack of a row; undefined when the row is gone. */
  stackOf(id: number | null): Stack | undefined {
    this.#forgetRolledBack();
    const above: LayerId[] = [];
    let below: Stack | undefined = [];
    for (let at = id; at !== null; ) {
      below = this.#layers.get(at);
      if (below) break;
      const row = this.#database.get<{ below: number | null; layer: number }>("SELECT below, layer FROM stacks WHERE id = ?", at);
      if (!row) return undefined;
      above.push(layerId(row.layer));
      at = row.below;
      below = [];
    }
    const [top] = above;
    if (top === undefined || id === null) return below;
    const stack = above.length === 1 ? stackOn(below, top) : [...below, ...above.reverse()];
    this.#remember(id, stack);
    return stack;
  }

  /** Returns the highest part of a stack, from its bottom, that is known to have a row. */
  #highest(stack: Stack): { id: number | null; height: number } {
    for (let part: Stack | undefined = stack; part; part = stackBelow(part)) {
      const id = this.#ids.get(part);
      if (id === undefined) continue;
      // Collection in another process may have taken it, and before it all that depends on it.
      if (this.#isThere(id)) return { id, height: part.length };
      this.#ids.delete(part);
    }
    return { id: null, height: 0 };
  }

  #remember(id: number, stack: Stack): void {
    this.#ids.set(stack, id);
    this.#layers.set(id, stack);
  }

  /** Forgets all, because numbers that were taken back, or are of another file, are given again. */
  #forgetRolledBack(): void {
    if (this.#revision === this.#database.revision) return;
    this.#revision = this.#database.revision;
    this.#ids = new WeakMap();
    this.#layers.clear();
  }

  #isThere(id: number): boolean {
    return this.#database.get("SELECT 1 FROM stacks WHERE id = ?", id) !== undefined;
  }

  #find(below: number | null, layer: LayerId): number | undefined {
    return this.#database.get<{ id: number }>("SELECT id FROM stacks WHERE below IS ? AND layer = ?", below, layerRow(layer) ?? 0)?.id;
  }

  #insert(below: number | null, layer: LayerId): number {
    const { changes, id } = this.#database.run(
      "INSERT INTO stacks (below, layer) SELECT ?, id FROM layers WHERE id = ? AND draft = 0",
      below,
      layerRow(layer) ?? 0,
    );
    if (changes === 0) throw layerMissing(layer);
    return id;
  }
}
