/** Digits of a file's sha256 that are kept: enough to distinguish two contents. */
const DIGITS = 16;

/** Length of a digest, and of what stands before its digits. */
const LENGTH = 71;
const ALGORITHM = "sha256:".length;

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

/** Parts of a text that are joined at once. */
const PIECE = 4096;

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

/**
 * The part of a selection that its own text does not have, for all entries in order. Note that
 * these are two texts, because a build keeps them to its end, and a text for each entry takes more.
 */
export interface SelectionRest {
  /** Paths in the tree, with NUL between them. */
  readonly paths: string;
  /** Digests of files, one behind the other. */
  readonly digests: string;
}

/**
 * Encodes the entries of a content digest as text, in pieces: that of a large selection is never
 * whole in memory. Each entry has its part of the selection's text, the first digits of its
 * content's digest, and its path in the tree. Called for steps that run, never in a build without
 * changes.
 */
export function* encodeSelection(text: string, { paths, digests }: SelectionRest): Generator<string, void> {
  let lines: string[] = [];
  let count = 0;
  let file = 0;
  let path = 0;
  // The first field is the format.
  for (let at = text.indexOf("\0") + 1; at < text.length; ) {
    const typeEnd = text.indexOf("\0", at);
    const type = text.slice(at, typeEnd);
    if (MARKS.has(type)) {
      at = typeEnd + 1;
      continue;
    }
    let end = typeEnd;
    for (let field = 1; field < FIELDS; field++) end = text.indexOf("\0", end + 1);
    const content = type === "file" ? digests.slice(file + ALGORITHM, file + ALGORITHM + DIGITS) : "";
    if (type === "file") file += LENGTH;
    const found = paths.indexOf("\0", path);
    const pathEnd = found === -1 ? paths.length : found;
    if (count++ > 0) lines.push(END);
    lines.push(text.slice(at, end + 1));
    lines.push(`${content}\0${paths.slice(path, pathEnd)}`);
    path = pathEnd + 1;
    at = end + 1;
    if (lines.length < PIECE) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}

/**
 * Returns the entries in which two selections differ. For a path that several copies of one step
 * select, the last one counts. Parses only the differing entries: of 20,000 it is mostly one.
 */
export function differingEntries(before: string, after: string): { readonly before: SelectedEntries; readonly after: SelectedEntries } {
  const [was, is] = [before.split(END), after.split(END)];
  let start = 0;
  while (start < was.length && was[start] === is[start]) start++;
  let [wasEnd, isEnd] = [was.length, is.length];
  while (wasEnd > start && isEnd > start && was[wasEnd - 1] === is[isEnd - 1]) [wasEnd, isEnd] = [wasEnd - 1, isEnd - 1];
  return { before: decodeEntries(was.slice(start, wasEnd), is), after: decodeEntries(is.slice(start, isEnd), was) };
}

/** Lines from which on a set of all the others pays. */
const MANY = 50;

function decodeEntries(lines: readonly string[], others: readonly string[]): SelectedEntries {
  const set = lines.length > MANY ? new Set(others) : undefined;
  const entries = new Map<string, SelectedEntry>();
  for (const line of lines) {
    if (set ? set.has(line) : others.includes(line)) continue;
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
