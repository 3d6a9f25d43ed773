import type { Database } from "./database.js";

/** A stack of layers as a row. */
export interface StackRow {
  readonly id: number;
  /** Row of the stack without its uppermost layer; null: that layer is alone. */
  readonly below: number | null;
  /** Row of the uppermost layer. */
  readonly layer: number;
}

/** Use of a layer by cached steps. */
export interface LayerUse {
  /** Results that depend on it. */
  readonly steps: number;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
}

/** Returns all stacks, each after those that are a part of it. */
export function stackRows(database: Database): readonly StackRow[] {
  return database.all<StackRow>("SELECT id, below, layer FROM stacks ORDER BY id");
}

/** Drops the stacks that a layer is in with their results, so that the row of the layer can go. */
export function dropStacksOn(database: Database, layer: number): void {
  database.run(
    `WITH RECURSIVE gone (id) AS (
       SELECT id FROM stacks WHERE layer = ? UNION SELECT s.id FROM stacks s JOIN gone ON s.below = gone.id
     ) DELETE FROM stacks WHERE id IN (SELECT id FROM gone)`,
    layer,
  );
}

/** Drops the stacks that no result depends on. */
export function pruneStacks(database: Database): void {
  database.run(
    `WITH RECURSIVE kept (id) AS (
       SELECT stack FROM results WHERE stack IS NOT NULL
       UNION SELECT s.below FROM stacks s JOIN kept ON s.id = kept.id WHERE s.below IS NOT NULL
     ) DELETE FROM stacks WHERE id NOT IN (SELECT id FROM kept)`,
  );
}

/** Returns the use of each layer that a result depends on, by its row. */
export function layerUses(database: Database): ReadonlyMap<number, LayerUse> {
  const own = new Map(
    database
      .all<{ stack: number; steps: number; usedAt: number }>(
        "SELECT stack, count(*) AS steps, max(used_at) AS usedAt FROM results WHERE stack IS NOT NULL GROUP BY stack",
      )
      .map(({ stack, steps, usedAt }) => [stack, { steps, usedAt }]),
  );
  // Results of a stack depend on all its parts, so counts are passed down from the highest.
  const uses = new Map<number, LayerUse>();
  const rows = stackRows(database);
  const again = repetitions(rows);
  for (const { id, below, layer } of rows.toReversed()) {
    const use = own.get(id);
    if (!use) continue;
    if (!again.has(id)) uses.set(layer, both(uses.get(layer), use));
    if (below !== null) own.set(below, both(own.get(below), use));
  }
  return uses;
}

/** Returns the stacks whose uppermost layer is in the stack below, too. */
function repetitions(rows: readonly StackRow[]): ReadonlySet<number> {
  const above = new Map<number | null, StackRow[]>();
  for (const row of rows) {
    const siblings = above.get(row.below);
    if (siblings) siblings.push(row);
    else above.set(row.below, [row]);
  }
  const again = new Set<number>();
  const onWay = new Map<number, number>();
  const todo: { readonly row: StackRow; readonly entered: boolean }[] = (above.get(null) ?? []).map((row) => ({ row, entered: false }));
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { row, entered } = next;
    const count = onWay.get(row.layer) ?? 0;
    onWay.set(row.layer, count + (entered ? -1 : 1));
    if (entered) continue;
    if (count > 0) again.add(row.id);
    todo.push({ row, entered: true });
    for (const child of above.get(row.id) ?? []) todo.push({ row: child, entered: false });
  }
  return again;
}

function both(a: LayerUse | undefined, b: LayerUse): LayerUse {
  return a ? { steps: a.steps + b.steps, usedAt: Math.max(a.usedAt, b.usedAt) } : b;
}
