import { expandWord, NO_VARIABLES } from "../values/expand.js";
import { ExpansionError } from "../values/expansion-error.js";

/** A parsed `<<WORD`, before its body is read. */
export interface HeredocStart {
  /** End marker, which is also the file's name where the heredoc is a file. */
  readonly name: string;
  /** Number before `<<`; 0 when there is none. */
  readonly fd: number;
  /** False when any part of the word is quoted: then the body is not expanded. */
  readonly expand: boolean;
  /** True for `<<-`, which drops leading tabs of the body. */
  readonly chomp: boolean;
}

const HEREDOC = /^(\d*)<<(-?)\s*([^<]*)$/;
/** `<<` whose word follows after blanks. */
const OPEN_HEREDOC = /^\d*<<-?$/;

/**
 * Reads `text` as a heredoc start. Returns undefined when it is none. `strict` throws {@link
 * ExpansionError} for a word with an open quote, which otherwise counts as none.
 */
export function parseHeredoc(text: string, strict = false): HeredocStart | undefined {
  const match = HEREDOC.exec(text);
  if (!match?.[3]) return undefined;
  const word = match[3];
  try {
    // The word is read with and without its quotes: a difference means that some part is quoted.
    const plain = expandWord(word, NO_VARIABLES, { escape: "\\", skipUnset: true }).words;
    if (plain.length !== 1) return undefined;
    const raw = expandWord(word, NO_VARIABLES, { escape: "\\", skipUnset: true, rawQuotes: true }).words;
    const name = plain[0] as string;
    return {
      name,
      fd: Number(match[1] || 0),
      expand: countQuotes(name) === countQuotes(raw[0] ?? ""),
      chomp: match[2] === "-",
    };
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    if (strict) throw error;
    return undefined;
  }
}

/**
 * Returns the heredocs that a whole instruction line starts, in order. Throws {@link
 * ExpansionError} for a word with an open quote.
 */
export function heredocsOfLine(line: string): HeredocStart[] {
  if (!line.includes("<<")) return [];
  let words: readonly string[];
  try {
    words = expandWord(line, NO_VARIABLES, { escape: "\\", skipUnset: true, rawQuotes: true, rawEscapes: true }).words;
  } catch (error) {
    // An open quote outside the heredoc's word is left to the shell.
    if (error instanceof ExpansionError) return [];
    throw error;
  }
  return joinHeredocWords(words).flatMap((word) => parseHeredoc(word, true) ?? []);
}

/** Joins `<<` with the word after it, where blanks stand between. */
export function joinHeredocWords(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const next = words[i + 1];
    // `<< -EOF` is a word that begins with a dash, not `<<-EOF`: the blank keeps them apart.
    if (OPEN_HEREDOC.test(word) && next !== undefined && !next.startsWith("<")) {
      joined.push(`${word} ${next}`);
      i++;
    } else joined.push(word);
  }
  return joined;
}

/** Returns the body without the tabs that begin its lines. */
export function chompTabs(body: string): string {
  return body.replace(/^\t+/gm, "");
}

function countQuotes(text: string): number {
  return text.split(/['"]/).length - 1;
}
