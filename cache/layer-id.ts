import type { LayerId } from "./contract/layers.js";

/** Returns the name of a layer's row: `l` and the row's number in base 36, such as `l1a`. */
export function layerId(row: number): LayerId {
  return `l${row.toString(36)}` as LayerId;
}

/** Returns the row of a layer's name, or undefined when it is no such name. */
export function layerRow(id: string): number | undefined {
  return /^l[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id.slice(1), 36) : undefined;
}
