/** A word that the project does without, and the field's words for it. */
export interface RefusedWord {
  readonly word: string;
  readonly instead: string;
}

/** Reads the table of refused words of docs/style.md. A cell may have several forms of a word. */
export function refusedWords(page: string): readonly RefusedWord[] {
  const table = page.split("\n## Refused words\n")[1]?.split("\n## ")[0] ?? "";
  return [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \|$/gm)]
    .filter(([, word]) => word !== "not" && !word?.startsWith("-"))
    .flatMap(([, forms = "", instead = ""]) => forms.split(", ").map((word) => ({ word, instead })));
}

/** Returns the refused words of a text, with what to write in their place. */
export function refusedIn(text: string, words: readonly RefusedWord[]): readonly string[] {
  return words.flatMap(({ word, instead }) => {
    const found = pattern(word).exec(text)?.[0];
    return found === undefined ? [] : [`${found.replace(/\s+/, " ")} (${instead})`];
  });
}

/** Matches a word with its endings, also where a line breaks behind it. */
function pattern(word: string): RegExp {
  const [verb = "", ...rest] = word.split(" ");
  const stem = verb.replace(/e$/, "");
  const forms = `(?:${verb}(?:e?s|l?ed|l?ing)?|${stem}(?:ed|ing))`;
  return new RegExp(`\\b${[forms, ...rest].join("\\s+")}\\b`, "i");
}

const DECLARED = /\b(?:function\*?|const|class|interface|type) (\w+)|^ {2}(?:async |private |static |readonly )*#?(\w+)\(/gm;

/** Returns the words of the names that a TypeScript file declares. */
export function declaredWords(source: string): string {
  const names = [...source.matchAll(DECLARED)].map(([, named, method]) => named ?? method ?? "");
  return names.map((name) => name.replace(/([a-z0-9])(?=[A-Z])|_/g, "$1 ")).join("\n");
}

/** A function of C where it is declared or defined: its line begins with a type, at the margin. */
const DEFINED = /^(?:[a-z]\w*[\s*]+)+(\w+)\(/gm;

/** Returns the words of the names of functions that a C file declares. */
export function definedWords(source: string): string {
  return [...source.matchAll(DEFINED)].map(([, name = ""]) => name.replaceAll("_", " ")).join("\n");
}
