import { printable } from "./printable.js";

/** Gap between columns, as docker's tables have it. */
const GAP = 3;

/**
 * Returns rows as columns of text, each as wide as its widest cell, with a final line end. Does not
 * pad the last column. Escapes characters that a terminal would obey.
 */
export function renderTable(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + GAP))).join("")}\n`)
    .join("");
}
