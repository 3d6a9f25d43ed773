import { UsageError } from "../exit-codes.js";

/** Messages of the bake command, one function each. */

export const notAllowed = (wanted: readonly { readonly what: string; readonly flag: string }[]): UsageError =>
  new UsageError("bake/not-allowed", `Cannot build: the bake file asks for ${wanted.map(({ what }) => what).join("; ")}`, {
    hint: `allow it with ${wanted.map(({ flag }) => flag).join(" ")}`,
  });

export const badList = (text: string): UsageError =>
  new UsageError("cli/bad-value", `Cannot list "${text}": expected targets or variables, with ,format=json behind it for JSON`);

export const printAndList = (): UsageError =>
  new UsageError("cli/usage", "Cannot use --print and --list together", { hint: "give one of them" });

export const badVariable = (text: string): UsageError =>
  new UsageError("cli/bad-value", `Cannot read --var "${text}": expected NAME=VALUE`);

export const noStage = (pattern: string, names: readonly string[]): UsageError =>
  new UsageError("cli/bad-value", `Cannot find a stage that "${pattern}" names`, {
    hint: names.length === 0 ? "give stages a name: FROM image AS name" : `the stages are ${names.join(", ")}`,
  });

export const oneInput = (): UsageError =>
  new UsageError("cli/usage", "Cannot build several stages of a context on the standard input", {
    hint: "name a directory, or build one stage",
  });

export const oneName = (flag: string, text: string): UsageError =>
  new UsageError("cli/bad-value", `Cannot use ${flag}=${text} for several stages: each would take the place of the one before`, {
    hint: `write {target} where the stage's name goes: ${flag}=${text}${text.includes(":") ? "-" : flag === "--tag" ? ":" : "/"}{target}`,
  });
