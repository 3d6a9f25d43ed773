import { structuredPatch } from "diff";
import type { FileChange, FileState } from "./compare-trees.js";

/** Bytes of a file from which on its lines are not compared. */
const LONGEST_TEXT = 1 << 20;
/** Lines that may differ: beyond, comparing takes long and helps nobody. */
const MOST_EDITS = 20_000;
/** Lines around each difference. */
const CONTEXT = 3;

/** Contents of a changed file; undefined where there is none, or where it is too long. */
export interface Contents {
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** Returns true for a change whose sides are read for its patch. */
export function isReadable(state: FileState | undefined): boolean {
  return state?.type === "file" && state.size <= LONGEST_TEXT;
}

/**
 * Returns a change as git writes it, to be read by people and by `git apply`. Owners, which git
 * does not know, are a line of their own. A change of nothing but them has no more than that.
 */
export function textPatch(change: FileChange, contents: Contents): string {
  const { path, before, after } = change;
  const [from, to] = [quoted(`a${path}`), quoted(`b${path}`)];
  const lines = [`diff --git ${from} ${to}`, ...headerOf(change)];
  const hunks = hunksOf(textOf(before, contents.before), textOf(after, contents.after));
  if (hunks === undefined) lines.push(`Binary files ${isLine(before) ? from : "/dev/null"} and ${isLine(after) ? to : "/dev/null"} differ`);
  else if (hunks.length > 0) lines.push(`--- ${isLine(before) ? from : "/dev/null"}`, `+++ ${isLine(after) ? to : "/dev/null"}`, ...hunks);
  return `${lines.join("\n")}\n`;
}

/** Returns true for what git has contents of. */
function isLine(state: FileState | undefined): boolean {
  return state?.type === "file" || state?.type === "symlink";
}

function headerOf({ before, after, aspects }: FileChange): readonly string[] {
  const owner = aspects.includes("owner") && before && after ? [`owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`] : [];
  if (!before) return after ? [`new file mode ${gitMode(after)}`] : [];
  if (!after) return [`deleted file mode ${gitMode(before)}`];
  const modes = [gitMode(before), gitMode(after)];
  return [...(modes[0] === modes[1] ? [] : [`old mode ${modes[0]}`, `new mode ${modes[1]}`]), ...owner];
}

const KINDS: Readonly<Record<FileState["type"], number>> = {
  file: 0o100000,
  symlink: 0o120000,
  dir: 0o040000,
  char: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};

/** Returns kind and permission bits as octal digits, as in stat(2). */
function gitMode({ type, mode }: FileState): string {
  return (KINDS[type] | (type === "symlink" ? 0 : mode)).toString(8).padStart(6, "0");
}

/** Returns the text of a side: empty where it has none; undefined where it is no text. */
function textOf(state: FileState | undefined, content: Uint8Array | undefined): string | undefined {
  if (state?.type === "symlink") return state.link ?? "";
  if (state?.type !== "file") return "";
  if (content === undefined) return undefined;
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** Returns the lines of all hunks; undefined where the sides differ and cannot be compared. */
function hunksOf(before: string | undefined, after: string | undefined): readonly string[] | undefined {
  if (before === undefined || after === undefined) return undefined;
  const patch = structuredPatch("", "", before, after, undefined, undefined, { context: CONTEXT, maxEditLength: MOST_EDITS });
  return patch?.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${span(oldStart, oldLines)} +${span(newStart, newLines)} @@`,
    ...lines,
  ]);
}

/** Returns lines of a side: a side of none begins before its first line. */
function span(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start}${count === 1 ? "" : `,${count}`}`;
}

/** Quotes a path as git does, when it has characters that end a line or a word. */
function quoted(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question.
  if (!/["\\\u0000-\u001f\u007f]/.test(path)) return path;
  const escape = (char: string): string => (/["\\]/.test(char) ? `\\${char}` : `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question.
  return `"${path.replaceAll(/["\\\u0000-\u001f\u007f]/g, escape)}"`;
}
