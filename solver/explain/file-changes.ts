import { compareCodeUnits } from "../../core/canonical.js";
import type { StepChange } from "../../core/events.js";
import type { SelectedEntries, SelectedEntry } from "./selection-manifest.js";

/** Differences of two entries, in the order of the report. */
const ASPECTS: readonly { readonly word: string; readonly of: readonly (keyof SelectedEntry)[] }[] = [
  { word: "content", of: ["content", "size"] },
  { word: "mode", of: ["mode"] },
  { word: "owner", of: ["owner"] },
  { word: "link", of: ["link"] },
  { word: "device", of: ["device"] },
  { word: "extended attributes", of: ["xattrs"] },
];

/** Aspect for the set of files. */
export const SELECTION = "selection";

interface FileChangeOptions {
  /**
   * Aspects that the instruction sets on all files (`mode`, `owner`, {@link SELECTION}); they are
   * no change of a file.
   */
  readonly given?: ReadonlySet<string>;
  /** Returns the rule that hides an existing path: `.dockerignore:3`. */
  readonly hiddenBy?: (path: string) => string | undefined;
}

/**
 * Returns the differences of the files that a step reads, from the entries that differ: changed
 * ones, then renamed, added and removed ones, by path. `shown` returns a path for people: `/out of
 * [build 2/2] RUN make`.
 */
export function fileChanges(
  before: SelectedEntries,
  after: SelectedEntries,
  shown: (path: string) => string,
  { given = new Set(), hiddenBy }: FileChangeOptions = {},
): readonly StepChange[] {
  const changed: StepChange[] = [];
  const added: string[] = [];
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (!old) added.push(path);
    else {
      const change = entryChange(old, entry, given);
      if (change) changed.push({ kind: "file", subject: path, ...change, text: `${shown(path)} changed (${change.text})` });
    }
  }
  if (given.has(SELECTION)) return changed.sort(bySubject);
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const renames = findRenames(removed, added, before, after);
  const moved = new Set(renames.flat());
  const one = (path: string, how: string): StepChange => ({ kind: "file", subject: path, text: `${shown(path)} was ${how}` });
  const alone = (paths: readonly string[]): string[] => {
    const whole = new Set(paths.filter((path) => !moved.has(path)));
    return [...whole].filter((path) => !insideOf(path, whole));
  };
  return [
    ...changed.sort(bySubject),
    ...renames.map(
      ([from, to]): StepChange => ({
        kind: "file",
        subject: to,
        from,
        to,
        text: `${shown(from)} was renamed to ${to}`,
      }),
    ),
    ...alone(added).map((path) => one(path, "added")),
    ...alone(removed).map((path) => {
      const rule = hiddenBy?.(path);
      return rule === undefined
        ? one(path, "removed")
        : ({ kind: "file", subject: path, text: `${shown(path)} is left out by ${rule} now` } as const);
    }),
  ];
}

function bySubject(a: StepChange, b: StepChange): number {
  return compareCodeUnits(a.subject, b.subject);
}

function entryChange(
  old: SelectedEntry,
  entry: SelectedEntry,
  given: ReadonlySet<string>,
): { text: string; from?: string; to?: string } | undefined {
  if (old.type !== entry.type) return { text: `${old.type} to ${entry.type}`, from: old.type, to: entry.type };
  const found = ASPECTS.filter(({ word, of }) => !given.has(word) && of.some((field) => old[field] !== entry[field])).map(({ word }) =>
    word === "link" ? (entry.type === "file" ? "hard link" : "link target") : word,
  );
  if (found.length === 0) return undefined;
  if (found.length > 1 || found[0] !== "mode") return { text: found.join(", ") };
  const [from, to] = [octal(old.mode), octal(entry.mode)];
  return { text: `mode ${from} to ${to}`, from, to };
}

/**
 * Returns true for a path inside of a directory that came or went as a whole: only the directory's
 * own path is reported.
 */
function insideOf(path: string, paths: ReadonlySet<string>): boolean {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    if (paths.has(path.slice(0, slash))) return true;
  }
  return false;
}

/** Finds removed files that were added elsewhere with equal content. */
function findRenames(
  removed: readonly string[],
  added: readonly string[],
  before: SelectedEntries,
  after: SelectedEntries,
): [string, string][] {
  const sources = new Map<string, string[]>();
  for (const path of removed) {
    const entry = before.get(path);
    if (entry?.type === "file" && entry.size !== "0") sources.set(similarity(entry), [...(sources.get(similarity(entry)) ?? []), path]);
  }
  const pairs: [string, string][] = [];
  for (const path of added) {
    const entry = after.get(path);
    const from = entry?.type === "file" ? sources.get(similarity(entry))?.shift() : undefined;
    if (from !== undefined) pairs.push([from, path]);
  }
  return pairs;
}

function similarity({ content, size, mode, owner }: SelectedEntry): string {
  return `${content} ${size} ${mode} ${owner}`;
}

/** Returns a mode in octal. Modes in a selection are decimal numbers. */
function octal(mode: string): string {
  return `0${Number(mode).toString(8)}`;
}
