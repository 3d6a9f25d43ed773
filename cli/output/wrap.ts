/** Columns of the terminal that everybody has. */
export const HELP_WIDTH = 80;

/** Breaks lines that are too long, between words. */
export function wrap(text: string, width: number = HELP_WIDTH): string {
  return text
    .split("\n")
    .map((line) => {
      const indent = /^ */.exec(line)?.[0] ?? "";
      const rows = [indent];
      for (const word of line.trim().split(/ +/)) {
        const row = rows.at(-1) as string;
        if (row.trim() === "") rows[rows.length - 1] = row + word;
        else if (row.length + 1 + word.length <= width) rows[rows.length - 1] = `${row} ${word}`;
        else rows.push(indent + word);
      }
      return rows.join("\n");
    })
    .join("\n");
}
