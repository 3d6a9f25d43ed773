/** Characters of a value that are shown; the rest is in the change itself. */
const WIDTH = 60;

/** A value in double quotes, on one line, cut where it gets long. */
export function quoted(value: string): string {
  const line = value.trim().replaceAll(/\s+/g, " ");
  return `"${line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line}"`;
}
