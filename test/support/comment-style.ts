/** One place where a comment breaks a rule of docs/style.md. */
export interface StyleFault {
  readonly line: number;
  readonly rule: "verb" | "opening" | "columns";
  readonly text: string;
}

interface Comment {
  /** Line of its first character, from 1 on. */
  readonly line: number;
  readonly text: string;
  /** First line of code behind a documentation comment. */
  readonly subject: string | undefined;
}

const COLUMNS = 100;
const OPENING = /^(?:What|Of|Those|Whether|How|Who|As|Where)\b/;
/** Beginning of a function, or of a method with its parameters. */
const FUNCTION = /^(?:export )?(?:default )?(?:async )?(?:function\b|(?:static |override |private |async )*[*#]?[\w$]+(?:<[^(]*>)?\()/;
const NO_FUNCTION = /^(?:if|for|while|switch|return|constructor|new|throw|await|get|set)\b/;

/** Third-person verbs end in s; so do these words, which are none. */
const NO_VERBS = new Set(
  (
    "Always As Blobs Bytes Chunks Commands Deletions Descriptors Digests Directories Entries Errors Events Fields Files Flags " +
    "Hosts Ids Images Inputs Its Keys Layers Libraries Lines Mebibytes Members Milliseconds Modes Mounts Names Nanoseconds Nodes " +
    "Options Others Parts Paths Patterns Places Positions Processes Records Results Rows Seconds Sizes Snapshots Steps Tags " +
    "Texts This Thus Values Versions Vertices Warnings Was Words"
  ).split(" "),
);

/** Finds the comments of a TypeScript file that break a rule which can be checked. */
export function styleFaults(source: string): readonly StyleFault[] {
  return [...comments(source)].flatMap((comment) => faultsOf(comment));
}

/** Finds the comments of a C file with a sentence that begins wrongly. */
export function openingFaults(source: string): readonly StyleFault[] {
  return [...comments(source)].flatMap((comment) => faultsOf({ ...comment, subject: undefined })).filter(({ rule }) => rule === "opening");
}

/**
 * Finds the sentences of a page that begin wrongly. It reads no headings, tables and code, and a
 * bold title like other words.
 */
export function pageFaults(page: string): readonly StyleFault[] {
  const faults: StyleFault[] = [];
  const lines = page.split("\n");
  for (let at = 0; at < lines.length; at++) {
    if (/^\s*```/.test(lines[at] as string)) while (++at < lines.length && !/^\s*```/.test(lines[at] as string));
    const start = at;
    const rows: string[] = [];
    while (at < lines.length && /^\s*[^\s|#`<]/.test(lines[at] as string) && (at === start || !LIST_ITEM.test(lines[at] as string)))
      rows.push((lines[at++] as string).replace(LIST_ITEM, "").trim());
    if (at > start) at--;
    for (const sentence of rows
      .join(" ")
      .replace(/\*\*|_|`/g, "")
      .split(/(?<=[.:!?])\s+/)) {
      if (OPENING.test(sentence)) faults.push({ line: start + 1, rule: "opening", text: sentence });
    }
  }
  return faults;
}

const LIST_ITEM = /^\s*(?:[-*]|\d+\.)\s+/;

/** Returns the words of all comments of a file that have lines of their own. */
export function commentText(source: string): string {
  return [...comments(source)].map(({ text }) => plain(text)).join("\n");
}

function faultsOf({ line, text, subject }: Comment): StyleFault[] {
  const faults: StyleFault[] = [];
  for (const [at, row] of text.split("\n").entries()) {
    if (row.length > COLUMNS && !/\S{80}/.test(row)) faults.push({ line: line + at, rule: "columns", text: row.trim() });
  }
  const prose = plain(text);
  for (const sentence of prose.split(/(?<=[.:!?])\s+/)) {
    if (OPENING.test(sentence)) faults.push({ line, rule: "opening", text: sentence });
  }
  if (subject !== undefined && FUNCTION.test(subject) && !NO_FUNCTION.test(subject)) {
    const [word = ""] = /^[\w'-]+/.exec(prose) ?? [];
    if (!/^[A-Z][a-z]+s$/.test(word) || NO_VERBS.has(word)) faults.push({ line, rule: "verb", text: prose.slice(0, 80) });
  }
  return faults;
}

/** Yields the comments that have lines of their own, of TypeScript or C. */
function* comments(source: string): Generator<Comment> {
  const lines = source.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const row = lines[at] as string;
    const start = at;
    if (/^\s*\/\*/.test(row)) {
      while (at < lines.length && !(lines[at] as string).includes("*/")) at++;
      yield { line: start + 1, text: lines.slice(start, at + 1).join("\n"), subject: lines[at + 1]?.trim() };
    } else if (/^\s*\/\/ /.test(row)) {
      while (/^\s*\/\/ /.test(lines[at + 1] ?? "")) at++;
      yield { line: start + 1, text: lines.slice(start, at + 1).join("\n"), subject: undefined };
    }
  }
}

/** Returns a comment's words on one line, without its marks. */
function plain(text: string): string {
  return text
    .split("\n")
    .map((row) => row.replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)?\s?/, "").replace(/\s*\*\/\s*$/, ""))
    .join(" ")
    .trim();
}
