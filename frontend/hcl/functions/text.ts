import { CallError } from "../evaluate/scope.js";
import { STRING } from "../values/type.js";
import { compareText, integer, list, members, string, textOf } from "../values/value.js";
import { define, type Functions, NUMERIC, ofTexts, TEXT, TEXTS, whole } from "./define.js";

let segmenter: Intl.Segmenter | undefined;

/** Returns the letters of a text as people count them. */
export function letters(text: string): string[] {
  // It takes longer to make than most bake files to evaluate.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return [...segmenter.segment(text)].map(({ segment }) => segment);
}

/** Returns the part from `offset`, which counts from the end when it is negative. */
function substring(text: string, offset: number, length: number): string {
  const all = letters(text);
  const start = offset < 0 ? Math.max(0, all.length + offset) : offset;
  return all.slice(start, length < 0 ? undefined : start + length).join("");
}

/** Changes letters whose other form is one letter too, as Go does: `ß` stays. */
function changeCase(text: string, change: (letter: string) => string): string {
  return [...text].map((letter) => ([...change(letter)].length === 1 ? change(letter) : letter)).join("");
}

/** Takes letters of `set` away from both ends. */
function trim(text: string, set: string): string {
  const all = [...text];
  const cut = new Set(set);
  const from = all.findIndex((letter) => !cut.has(letter));
  return from === -1 ? "" : all.slice(from, all.findLastIndex((letter) => !cut.has(letter)) + 1).join("");
}

export const TEXT_FUNCTIONS: Functions = {
  upper: ofTexts(["str"], (text) => string(changeCase(text, (letter) => letter.toUpperCase()))),
  lower: ofTexts(["str"], (text) => string(changeCase(text, (letter) => letter.toLowerCase()))),
  title: ofTexts(["str"], (text) => string(text.replace(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase()))),
  strlen: ofTexts(["str"], (text) => integer(letters(text).length)),
  reverse: ofTexts(["str"], (text) => string(letters(text).reverse().join(""))),
  substr: define([TEXT("str"), NUMERIC("offset"), NUMERIC("length")], (text, offset, length) =>
    string(substring(textOf(text), whole(offset, 1), whole(length, 2))),
  ),
  trim: ofTexts(["str", "cutset"], (text, set) => string(trim(text, set))),
  trimspace: ofTexts(["str"], (text) => string(text.trim())),
  trimprefix: ofTexts(["str", "prefix"], (text, prefix) => string(text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimsuffix: ofTexts(["str", "suffix"], (text, suffix) =>
    string(suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
  ),
  chomp: ofTexts(["str"], (text) => string(text.replace(/[\r\n]+$/, ""))),
  indent: define([NUMERIC("spaces"), TEXT("str")], (spaces, text) =>
    string(textOf(text).replaceAll("\n", `\n${" ".repeat(Math.min(10_000, Math.max(0, whole(spaces, 0))))}`)),
  ),
  replace: ofTexts(["str", "substr", "replace"], (text, from, to) => string(text.replaceAll(from, () => to))),
  split: ofTexts(["separator", "str"], (separator, text) =>
    list(STRING, separator === "" ? [...text].map(string) : text.split(separator).map(string)),
  ),
  join: define(
    [TEXT("separator")],
    (separator, ...lists) => {
      if (lists.length === 0) throw new CallError("at least one list is required");
      const items = lists.flatMap((items, i) =>
        members(items).map((item) => {
          if (item.data === null) throw new CallError("an element of the list is null", i + 1);
          return textOf(item);
        }),
      );
      return string(items.join(textOf(separator)));
    },
    TEXTS("lists"),
  ),
  sort: define([TEXTS("list")], (texts) =>
    list(
      STRING,
      [...members(texts)].sort((a, b) => compareText(textOf(a), textOf(b))),
    ),
  ),
  basename: ofTexts(["path"], (path) => string(baseOf(path))),
  dirname: ofTexts(["path"], (path) => string(directoryOf(path))),
  sanitize: ofTexts(["name"], (name) => string([...name].map((letter) => (/[a-zA-Z0-9_-]/.test(letter) ? letter : "_")).join(""))),
};

/** Returns the last part of a path, as Go's path.Base. */
function baseOf(path: string): string {
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Returns the directory of a path, as Go's path.Dir: clean. */
function directoryOf(path: string): string {
  const parts: string[] = [];
  const rooted = path.startsWith("/");
  for (const part of path.slice(0, path.lastIndexOf("/") + 1).split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== ".." || (parts.length === 0 && !rooted) || parts.at(-1) === "..") parts.push(part);
    else parts.pop();
  }
  return `${rooted ? "/" : ""}${parts.join("/")}` || ".";
}
