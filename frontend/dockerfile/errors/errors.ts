import type { SourceRange } from "../../../core/diagnostics.js";
import type { Flag } from "../ast.js";
import { SHAPES } from "../instruction-shapes.js";
import { fixOf, partRange, replaceWord } from "./edits.js";
import { didYouMean, nearest, problem } from "./make-problem.js";
import type { Problem } from "../problem.js";

/**
 * Messages of this frontend, one function each. Codes are stable: docs/errors.md has a section for
 * each.
 */

export * from "./instruction-errors.js";
export * from "./stage-errors.js";

const INSTRUCTION_NAMES = Object.keys(SHAPES).map((name) => name.toUpperCase());

// Reading the text

export const syntax = (message: string, range: SourceRange | undefined): Problem =>
  problem("dockerfile/syntax", `Cannot read the Dockerfile: ${message}`, range);

export const noInstructions = (): Problem =>
  problem("dockerfile/no-instructions", "Cannot build: the Dockerfile has no instructions", undefined, { hint: "start with FROM" });

export const notText = (what: string, hint: string): Problem =>
  problem("dockerfile/not-text", `Cannot read the Dockerfile: it is ${what}`, undefined, { hint });

export const otherFile = (name: string, what: string, hint: string): Problem =>
  problem("dockerfile/other-file", `Cannot read "${name}" as a Dockerfile: it is ${what}`, undefined, { hint });

export const repeatedDirective = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/repeated-directive", `Cannot set the parser directive "${name}" twice`, range);

export const invalidEscape = (value: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-escape", `Cannot use "${value}" as the escape character`, range, { hint: "it is \\ or `" });

export const longLine = (length: number, limit: number, range: SourceRange): Problem =>
  problem("dockerfile/long-line", `Cannot read a line of ${length} bytes: the longest is ${limit}`, range, {
    hint: "continue it on the next line, or put the data into a file",
  });

export const unsupportedSyntax = (syntax: string, range: SourceRange | undefined): Problem =>
  problem("dockerfile/unsupported-syntax", `Cannot build with the frontend "${syntax}": only docker/dockerfile is built in`, range, {
    hint: "if it is a Dockerfile as docker/dockerfile reads it, say so with --build-arg BUILDKIT_SYNTAX=dockerfile.v0",
  });

/** Instruction right above a line that is no instruction. */
export interface LineBefore {
  /** Keyword of the instruction as written. */
  readonly instruction: string;
  /** Empty range after its last character. */
  readonly end: SourceRange;
  readonly escape: string;
}

export const unknownInstruction = (name: string, range: SourceRange, before?: LineBefore): Problem => {
  const near = nearest(name, INSTRUCTION_NAMES, range);
  return problem(
    "dockerfile/unknown-instruction",
    `Cannot read "${name}": there is no such instruction`,
    range,
    foreignBlank(name, range) ?? (before && missingContinuation(name, before, near !== undefined)) ?? near,
  );
};

/** Instructions that are written over several lines. */
const CONTINUED = new Set(Object.entries(SHAPES).flatMap(([name, shape]) => (name === "from" || shape === "text" ? [] : [name])));

export function mayContinue(instruction: string): boolean {
  return CONTINUED.has(instruction.toLowerCase());
}

/**
 * Guesses that the line above lacks its escape character, the usual reason for a command in the
 * place of an instruction. A name that is nearly an instruction's counts as a command only in lower
 * case below a RUN in upper case: `cd` is no mistaken CMD.
 */
function missingContinuation(name: string, { instruction, end, escape }: LineBefore, isNear: boolean): ReturnType<typeof nearest> {
  const isLower = name === name.toLowerCase();
  const isPlausible = isNear ? isLower && instruction === "RUN" : isLower || /^[\w.-]+=/.test(name);
  if (!mayContinue(instruction) || !isPlausible) return undefined;
  const fix = fixOf(`End the line with ${escape}`, [{ range: end, text: ` ${escape}` }], false);
  return { hint: `is a ${escape} missing at the end of the line above, so that ${instruction.toUpperCase()} goes on here?`, fix };
}

/**
 * Explains a no-break space after the keyword, which editors and web pages insert. A no-break space
 * looks like a blank.
 */
function foreignBlank(name: string, range: SourceRange): ReturnType<typeof nearest> {
  const [, keyword = "", blank = ""] = /^([a-z]+)(\s)/i.exec(name) ?? [];
  if (!INSTRUCTION_NAMES.includes(keyword.toUpperCase())) return undefined;
  const code = `U+${(blank.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const fix = fixOf("Write a plain blank", [replaceWord({ text: name, range }, `${keyword} ${name.slice(keyword.length + 1)}`)], false);
  return { hint: `the blank after ${keyword} is ${code}: write a plain one`, fix };
}

export const emptyContinuation = (range: SourceRange, lines: readonly SourceRange[]): Problem => ({
  severity: "warning",
  code: "dockerfile/NoEmptyContinuation",
  rule: "NoEmptyContinuation",
  message: "Empty continuation line",
  range,
  fix: { title: "Remove the empty lines", edits: lines.map((line) => ({ range: line, text: "" })), safe: true },
});

export const unterminatedHeredoc = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/unterminated-heredoc", `Cannot find the end of the heredoc "${name}"`, range, {
    hint: `end it with a line that is just ${name}`,
  });

export const invalidHeredocWord = (message: string, range: SourceRange): Problem =>
  problem("dockerfile/invalid-heredoc", `Cannot read the heredoc's end marker: ${message}`, range);

export const invalidJsonMember = (range: SourceRange): Problem =>
  problem("dockerfile/json-members", "Cannot use this JSON array: its members must all be strings", range);

export const missingEquals = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-equals", `Cannot read "${word}": it has no "="`, range, {
    hint: "the form is name=value; quote a value that has blanks",
  });

export const missingValue = (instruction: string, name: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-value", `Cannot set "${name}" with ${instruction}: it has no value`, range, {
    hint: `write ${instruction} ${name}=value`,
  });

// Arguments and flags

export const missingArguments = (instruction: string, needed: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-arguments", `Cannot run ${instruction}: it needs ${needed}`, range);

export const copyNeedsDestination = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/missing-arguments", `Cannot run ${instruction}: it needs a source and a destination`, range, {
    hint: `write ${instruction} source destination`,
  });

export const unknownFlag = (instruction: string, flag: Flag, known: readonly string[]): Problem => {
  const text = `--${flag.name}${flag.value === undefined ? "" : `=${flag.value}`}`;
  const range = partRange({ text, range: flag.range }, 2, 2 + flag.name.length);
  const names = known.length > 0 ? `its flags are ${known.map((name) => `--${name}`).join(", ")}` : undefined;
  return problem(
    "dockerfile/unknown-flag",
    `Cannot use --${flag.name} with ${instruction}: there is no such flag`,
    range,
    nearest(flag.name, known, range) ?? { hint: names },
  );
};

export const repeatedFlag = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/repeated-flag", `Cannot give --${name} twice`, range);

export const flagNeedsValue = (name: string, range: SourceRange): Problem =>
  problem("dockerfile/flag-value", `Cannot use --${name} without a value`, range, { hint: `write --${name}=value` });

export const flagNotBoolean = (name: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/flag-value", `Cannot use "${value}" for --${name}: it is true or false`, range);

export const flagChoice = (name: string, value: string, choices: readonly string[], range: SourceRange): Problem =>
  problem(
    "dockerfile/flag-value",
    `Cannot use "${value}" for --${name}`,
    range,
    nearest(value, choices, range) ?? { hint: `it is one of ${choices.join(", ")}` },
  );

export const invalidDevice = (device: string, why: string, range: SourceRange, hint?: string): Problem =>
  problem("dockerfile/invalid-device", `Cannot use the device "${device}": ${why}`, range, { hint });

export const deviceKey = (device: string, key: string, keys: readonly string[], range: SourceRange): Problem =>
  invalidDevice(device, `there is no option "${key}"`, range, didYouMean(key, keys));

export const blankName = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/blank-name", `Cannot run ${instruction}: a name is empty`, range);

export const expansion = (word: string, message: string, range: SourceRange, meant?: string): Problem =>
  problem(
    "dockerfile/expansion",
    `Cannot expand "${shortened(word)}": ${message}`,
    range,
    meant === undefined ? {} : { hint: `did you mean "${meant}"?` },
  );

/** Cuts a word to a length that fits into a message. */
function shortened(word: string): string {
  return word.length <= 200 ? word : `${word.slice(0, 200)}…`;
}
