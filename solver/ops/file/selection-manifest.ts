/** Digits of a file's sha256 that are kept: enough to tell two contents apart. */
const DIGITS = 16;

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

/** Fields of an entry in a selection's text; each ends with NUL. */
export const ENTRY_FIELDS = 8;

/** Words of a selection's text that are no entries, in the place of a type. */
export const MARKS: ReadonlySet<string> = new Set(["action", "contents"]);

/**
 * What a content digest was taken over, as text to be kept: the selection's own text, the path in its tree of each entry, the contents' digests.
 * Nothing is taken apart here, since this runs while a build does; {@link decodeSelection} does that when somebody asks.
 */
export function encodeSelection(text: string, paths: readonly string[], digests: readonly string[]): string {
  const names = paths.join("\0");
  const contents = digests.map((digest) => digest.slice("sha256:".length, "sha256:".length + DIGITS)).join("");
  return `${text.length} ${names.length}\n${text}${names}${contents}`;
}

/** Entries by path. A path that several copies of one step take counts as the last of them takes it. Empty for what is damaged. */
export function decodeSelection(encoded: string): ReadonlyMap<string, SelectedEntry> {
  const entries = new Map<string, SelectedEntry>();
  const [head, textLength, namesLength] = /^(\d+) (\d+)\n/.exec(encoded) ?? [];
  if (head === undefined) return entries;
  const namesAt = head.length + Number(textLength);
  const contentsAt = namesAt + Number(namesLength);
  const fields = encoded.slice(head.length, namesAt).split("\0");
  const paths = encoded.slice(namesAt, contentsAt).split("\0");
  let content = contentsAt;
  let path = 0;
  // The first field is the format.
  for (let at = 1; at + 1 < fields.length; ) {
    const type = fields[at] as string;
    if (MARKS.has(type)) {
      at++;
      continue;
    }
    const [, , mode = "", owner = "", size = "", link = "", device = "", xattrs = ""] = fields.slice(at, at + ENTRY_FIELDS);
    const isFile = type === "file";
    const digits = isFile ? encoded.slice(content, content + DIGITS) : "";
    if (isFile) content += DIGITS;
    entries.set(paths[path++] ?? "", { type, mode, owner, size, link, device, xattrs, content: digits });
    at += ENTRY_FIELDS;
  }
  return entries;
}
