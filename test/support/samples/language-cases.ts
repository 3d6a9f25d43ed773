import { readdirSync, readFileSync } from "node:fs";
import { casePath } from "../golden.js";
import { parseSections, type SectionCase } from "../sections.js";

/**
 * A case of test/cases/language: sections `dockerfile`, `options` (a line each, as on the command
 * line; default none) and `outcome`. Tests read it with the frontend alone, and differential runs
 * build it, so it must be buildable on scratch or busybox.
 */
export interface LanguageCase {
  /** `FILE: TITLE`, without the file's extension. */
  readonly name: string;
  readonly file: string;
  readonly dockerfile: string;
  readonly options: readonly string[];
  readonly outcome: string;
}

export function languageCaseFiles(): readonly string[] {
  return readdirSync(casePath("language")).sort();
}

export function readLanguageFile(file: string): { readonly intro: string; readonly cases: readonly SectionCase[] } {
  const text = readFileSync(casePath("language", file), "utf8");
  return { intro: text.slice(0, text.indexOf("=== ")), cases: parseSections(text) };
}

export function languageCases(): readonly LanguageCase[] {
  return languageCaseFiles().flatMap((file) =>
    readLanguageFile(file).cases.map(({ title, sections }) => ({
      name: `${file.replace(/\.txt$/, "")}: ${title}`,
      file,
      dockerfile: unescaped(sections.get("dockerfile") ?? ""),
      options: (sections.get("options") ?? "").split("\n").filter((line) => line !== ""),
      outcome: sections.get("outcome") ?? "",
    })),
  );
}

/**
 * Replaces signs for characters that a text file cannot show: `␉` is a tab, `␍` a carriage return,
 * `␠` a blank at a line's end, `␄` the end of the file without a line end.
 */
function unescaped(text: string): string {
  return text.replaceAll("␉", "\t").replaceAll("␍", "\r").replaceAll("␠", " ").replaceAll("␣", "\uFEFF").replace(/␄\n$/, "");
}
