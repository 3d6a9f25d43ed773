import { layerRow } from "../layer-id.js";
import type { SqliteConnection } from "./sqlite.js";

/** Turns the layers that each result named in a text of its own into rows that results share. */
export function moveLayersToStacks(connection: SqliteConnection): void {
  const insert = connection.prepare("INSERT INTO stacks (below, layer) VALUES (?, ?)");
  const update = connection.prepare("UPDATE results SET stack = ? WHERE id = ?");
  const drop = connection.prepare("DELETE FROM results WHERE id = ?");
  const there = new Set((connection.prepare("SELECT id FROM layers").all() as { id: number }[]).map((row) => row.id));
  const known = new Map<string, number>();
  const rows = connection.prepare("SELECT id, layers FROM results WHERE layers <> ''").all() as { id: number; layers: string }[];
  for (const { id, layers } of rows) {
    const stack = layers.split(" ").map((name) => layerRow(name) ?? 0);
    // A damaged store may name layers that are gone. Nobody would find such a result.
    if (!stack.every((layer) => there.has(layer))) {
      drop.run(id);
      continue;
    }
    let below: number | null = null;
    for (const layer of stack) {
      const key = `${below} ${layer}`;
      const row: number = known.get(key) ?? Number(insert.run(below, layer).lastInsertRowid);
      known.set(key, row);
      below = row;
    }
    update.run(below, id);
  }
}
