import type { Digest } from "../../core/digest.js";

/** Digits of a file's sha256 that are kept: enough to distinguish two contents. */
const DIGITS = 16;
/** Place of the first of them in a digest. */
const FIRST = "sha256:".length;

/** One entry of a selection, as it took part in a key. */
export interface SelectedEntry {
  readonly type: string;
  readonly mode: string;
  /** `uid:gid`; empty where the copy overrides it. */
  readonly owner: string;
  readonly size: string;
  readonly link: string;
  readonly device: string;
  readonly xattrs: string;
  /** First digits of a file's sha256. */
  readonly content: string;
}

/** Parts of a text that are joined at once: some 16 kB, which the engine frees soon. */
const PIECE = 512;

/** Entries by path. */
export type SelectedEntries = ReadonlyMap<string, SelectedEntry>;

/** Fields of an entry in a selection's text; each ends with NUL, the type is the first. */
const FIELDS = 8;

/** Words of a selection's text that are no entries, in the place of a type. */
const MARKS: ReadonlySet<string> = new Set(["action", "contents"]);

/**
 * Separator. No field but a name can hold a line end, and hardly any name begins with one: a wrong
 * split only spoils an explanation.
 */
const END = "\0\n";
const SEPARATOR = Buffer.from(END);

/** The kept digits of files' digests, in order, as bytes: a build keeps them to its end. */
export class ContentDigits {
  readonly #bytes: Buffer;
  /** Bytes that are written. */
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.alloc((capacity * DIGITS) / 2);
  }

  /** Adds the digests of the next files. */
  add(digests: readonly Digest[]): void {
    const digits = digests.map((digest) => digest.slice(FIRST, FIRST + DIGITS)).join("");
    this.#length += this.#bytes.write(digits, this.#length, "hex");
  }

  at(index: number): string {
    return this.#bytes.toString("hex", (index * DIGITS) / 2, ((index + 1) * DIGITS) / 2);
  }
}

/**
 * The part of a selection that its own text does not have, for all entries in order. Note that
 * these are no texts of entries, because a build keeps them to its end, and a text for each entry
 * takes more.
 */
interface SelectionRest {
  /** Paths in the tree, each with NUL behind it, in texts that are cut between paths. */
  readonly paths: readonly string[];
  /** Digits of the files among them. */
  readonly contents: ContentDigits;
}

/**
 * Encodes the entries of a content digest as text, in pieces: that of a large selection is never
 * whole in memory. Each entry has its part of the selection's text, the first digits of its
 * content's digest, and its path in the tree. `texts` are the selection's text, cut between
 * entries. Called for steps that run, never in a build without changes.
 */
export function* encodeSelection(texts: readonly string[], { paths, contents }: SelectionRest): Generator<string, void> {
  let lines: string[] = [];
  let count = 0;
  let file = 0;
  const path = fieldsOf(paths);
  for (const { type, line } of entriesIn(texts)) {
    if (count++ > 0) lines.push(END);
    lines.push(line);
    lines.push(`${type === "file" ? contents.at(file++) : ""}\0${path.next().value ?? ""}`);
    if (lines.length < PIECE) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}

/** Yields the entries of a selection's text, each with the NUL behind its last field. */
function* entriesIn(texts: readonly string[]): Generator<{ readonly type: string; readonly line: string }, void> {
  // The first field is the format.
  let at = (texts[0] ?? "").indexOf("\0") + 1;
  for (const text of texts) {
    while (at < text.length) {
      const typeEnd = text.indexOf("\0", at);
      const type = text.slice(at, typeEnd);
      let end = typeEnd;
      if (!MARKS.has(type)) {
        for (let field = 1; field < FIELDS; field++) end = text.indexOf("\0", end + 1);
        yield { type, line: text.slice(at, end + 1) };
      }
      at = end + 1;
    }
    at = 0;
  }
}

function* fieldsOf(texts: readonly string[]): Generator<string, void> {
  for (const text of texts) {
    let at = 0;
    for (let end = text.indexOf("\0"); end !== -1; end = text.indexOf("\0", at)) {
      yield text.slice(at, end);
      at = end + 1;
    }
  }
}

/**
 * Returns the entries in which two encoded selections differ. For a path that several copies of one
 * step select, the last one counts.
 *
 * Note that we compare bytes, and make texts only of what stands between the first and the last
 * difference: of 20,000 entries mostly one differs, and the texts of all would be the largest
 * objects of the whole build.
 */
export function differingEntries(before: Buffer, after: Buffer): { readonly before: SelectedEntries; readonly after: SelectedEntries } {
  const first = sameAtStart(before, after);
  const separator = before.subarray(0, first).lastIndexOf(END);
  const start = separator === -1 ? 0 : separator + END.length;
  const same = sameAtEnd(before.subarray(start), after.subarray(start));
  const linesOf = (text: Buffer): readonly string[] => {
    const end = text.indexOf(END, text.length - same);
    return text.toString("utf8", start, end === -1 ? text.length : end).split(END);
  };
  return { before: decodeEntries(linesOf(before), after), after: decodeEntries(linesOf(after), before) };
}

/** Bytes that are compared at once. */
const BLOCK = 4096;

/** Returns the number of bytes at the start that are the same. */
function sameAtStart(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.subarray(at, at + BLOCK).equals(b.subarray(at, at + BLOCK))) at += BLOCK;
  while (at < length && a[at] === b[at]) at++;
  return Math.min(at, length);
}

/** Returns the number of bytes at the end that are the same. */
function sameAtEnd(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length);
  const part = (bytes: Buffer, from: number): Buffer => bytes.subarray(Math.max(0, bytes.length - from - BLOCK), bytes.length - from);
  let at = 0;
  while (at < length && part(a, at).equals(part(b, at))) at += BLOCK;
  while (at < length && a[a.length - 1 - at] === b[b.length - 1 - at]) at++;
  return Math.min(at, length);
}

/** Lines from which on a set of all the others pays. */
const MANY = 50;

function decodeEntries(lines: readonly string[], others: Buffer): SelectedEntries {
  const set = lines.length > MANY ? new Set(others.toString("utf8").split(END)) : undefined;
  const entries = new Map<string, SelectedEntry>();
  for (const line of lines) {
    if (line === "") continue;
    if (set ? set.has(line) : holdsLine(others, Buffer.from(line))) continue;
    const [type, , mode, owner, size, link, device, xattrs, content, path] = line.split("\0");
    if (type === undefined || mode === undefined || path === undefined) continue;
    const known = {
      owner: owner ?? "",
      size: size ?? "",
      link: link ?? "",
      device: device ?? "",
      xattrs: xattrs ?? "",
      content: content ?? "",
    };
    entries.set(path, { type, mode, ...known });
  }
  return entries;
}

function holdsLine(text: Buffer, line: Buffer): boolean {
  for (let at = text.indexOf(line); at !== -1; at = text.indexOf(line, at + 1)) {
    const end = at + line.length;
    const begins = at === 0 || (at >= END.length && text.subarray(at - END.length, at).equals(SEPARATOR));
    if (begins && (end === text.length || text.subarray(end, end + END.length).equals(SEPARATOR))) return true;
  }
  return false;
}
