/** Characters of a value that are shown; the change itself has the rest. */
const WIDTH = 60;

/** Returns a value in double quotes, on one line, cut when it is long. */
export function quoted(value: string): string {
  const line = value.trim().replaceAll(/\s+/g, " ");
  return `"${line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line}"`;
}
