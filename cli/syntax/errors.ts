import { UsageError } from "../exit-codes.js";
import { systemReason } from "../../core/system/system-reason.js";
import { TsbuildError } from "../../core/errors.js";

export function tagBesideAllTags(name: string, tag: string): UsageError {
  return new UsageError("cli/all-tags", `Cannot use --all-tags with "${name}": it names one image`, { hint: `leave out "${tag}"` });
}

export function badCount(text: string, name: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot use "${text}" for --${name}: expected a number from 1 on, or auto`);
}

export function badWord(name: string, text: string, words: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot use ${name} "${text}": it is none of ${words.join(", ")}`);
}

export function badBuildArg(value: unknown): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --build-arg "${value}": expected NAME=VALUE or NAME`);
}

export function twoStandardInputs(): UsageError {
  return new UsageError("cli/bad-value", "Cannot read two of context, Dockerfile and definition from the standard input");
}

export function definitionUnreadable(file: string, cause: unknown): UsageError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UsageError("cli/bad-value", `Cannot read the definition "${file}" for --llb: ${why}`, {
    hint: 'name a file that "tsbuild debug llb -o FILE" or a client of BuildKit wrote',
    cause,
  });
}

export function noDiskFilter(text: string): UsageError {
  return new UsageError("cli/filter", `Cannot filter by "${text}": it is not a filter of the store`, {
    hint: "filters are id=, type=, description=, until=24h (with != and ~= for another sense of the first three), inuse, shared, private, reclaimable",
  });
}

export function badRegularExpression(text: string, source: string): UsageError {
  return new UsageError("cli/filter", `Cannot filter by "${text}": "${source}" is no regular expression`);
}

export function badAgeFilter(text: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read "${text}" as an age: expected a duration such as 24h or 7d, or a date`);
}

export function filterWithoutValue(text: string, keys: readonly string[]): UsageError {
  return new UsageError("cli/filter", `Cannot filter by "${text}": expected KEY=VALUE`, { hint: `keys are ${keys.join(", ")}` });
}

export function noSuchFilter(name: string, near: string | undefined, keys: readonly string[]): UsageError {
  return new UsageError("cli/filter", `Cannot filter by "${name}": there is no such key`, {
    hint: near === undefined ? `keys are ${keys.join(", ")}` : `did you mean ${near}? Keys are ${keys.join(", ")}`,
  });
}

export function wrongOperands(
  syntax: { readonly name: string; readonly operands: string },
  operands: readonly string[],
  wanted: string,
): UsageError {
  return new UsageError(
    "cli/operands",
    `Cannot run "tsbuild ${syntax.name}" with ${operands.length} ${operands.length === 1 ? "argument" : "arguments"}: it takes ${wanted}`,
    { hint: `usage: tsbuild ${syntax.name} [options] ${syntax.operands}` },
  );
}

export function badMode(arg: string, flag: string, modes: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot read "${arg}": --${flag} takes ${modes.join(", ")}, true or false`);
}

export function badSwitch(arg: string, flag: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read "${arg}": --${flag} takes true or false`);
}

export function noSuchFlag(word: string, command: string, near: string | undefined, help: string): UsageError {
  return new UsageError("cli/unknown-flag", `Cannot use "${word}": "tsbuild ${command}" has no such flag`, {
    hint: near ? `did you mean --${near}? ${help}` : help,
  });
}

export function badChoice(value: unknown, name: string, choices: readonly string[], near: string | undefined): UsageError {
  return new UsageError(
    "cli/bad-value",
    `Cannot use "${value}" for ${name}: it is none of ${choices.join(", ")}`,
    near ? { hint: `did you mean ${near}?` } : {},
  );
}

export function usageProblem(message: string, help: string): UsageError {
  return new UsageError("cli/usage", message.replace(/^error: /, ""), { hint: help });
}

export function badHistoryLimit(text: string, key: string, value: unknown): UsageError {
  return new UsageError("cli/bad-value", `Cannot read TSBUILD_HISTORY="${text}": "${key}=${value}" is no limit`, {
    hint: "for example off, or builds=100,age=30d,bytes=64m",
  });
}

export function resultFileNotWritten(path: string, flag: string, cause: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot write "${path}" for --${flag}: ${systemReason(cause)}`, {
    cause,
    hint: "The image is built: the next build writes the file at once, without running the steps again",
  });
}

export function missingValue(flag: string, help: string): UsageError {
  return new UsageError("cli/missing-value", `Cannot read "${flag}": its value is missing`, { hint: help });
}

export function engineFlag(name: string, why: string): UsageError {
  return new UsageError("run/option", `Cannot use --${name}: ${why}`, { hint: "docker and podman run containers" });
}

export function badVolume(text: string, why: string): UsageError {
  return new UsageError("run/option", `Cannot use --volume "${text}": ${why}`);
}

export function inputIsNoTerminal(): UsageError {
  return new UsageError("cli/terminal", "Cannot use -it: the standard input is no terminal", { hint: "Leave out -t" });
}

export function flagsExclude(one: string, other: string): UsageError {
  return new UsageError("cli/usage", `Cannot use --${one} and --${other} together: each says what to do`);
}

export function noOperandsWith(flag: string): UsageError {
  return new UsageError("cli/operands", `Cannot use --${flag} with a build or a step: the file has one step`);
}

export function badOnError(text: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot use --on-error "${text}": expected shell, save or save=FILE`);
}

export function shellNeedsTerminal(): UsageError {
  return new UsageError("cli/terminal", "Cannot use --on-error=shell: the standard input or output is no terminal", {
    hint: "--on-error=save=FILE writes the failed step, and tsbuild debug --import FILE opens it on another machine",
  });
}
