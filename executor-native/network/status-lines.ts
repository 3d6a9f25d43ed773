import type { Readable } from "node:stream";

/** Calls `visit` with each status line of a process of the helper. */
export function eachStatusLine<L>(stream: Readable, visit: (line: L) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (data: string) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) visit(JSON.parse(line) as L);
  });
}
