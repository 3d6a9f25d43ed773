import type { AnyCode } from "../../../core/errors.js";
import type { SourceRange } from "../../../core/diagnostics.js";
import type { Word } from "../ast.js";
import { fixOf, replaceWord } from "./edits.js";
import { didYouMean, problem } from "./make-problem.js";
import type { Problem } from "../problem.js";

/** Messages about FROM, the stages and their bases. */

export const fromForm = (range: SourceRange): Problem =>
  problem("dockerfile/from-form", "Cannot read FROM: it takes an image, or an image, AS and a stage name", range, {
    hint: "write FROM image AS name",
  });

export const stageName = (name: string, range: SourceRange): Problem =>
  problem(
    "dockerfile/stage-name",
    `Cannot name a stage "${name}": a name begins with a letter, and has only letters, digits, "-", "_" and "."`,
    range,
  );

export const noStage = (instruction: string, range: SourceRange): Problem =>
  problem("dockerfile/before-from", `Cannot run ${instruction} before the first FROM: only ARG may stand there`, range);

export const emptyBase = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/empty-base", `Cannot use "${word}" in FROM: it expands to nothing`, range, {
    hint: "give the ARG a default, or set it with --build-arg",
  });

export const emptyPlatform = (word: string, range: SourceRange): Problem =>
  problem("dockerfile/empty-platform", `Cannot use --platform=${word}: it expands to nothing`, range);

export const invalidPlatform = (message: string, hint: string | undefined, range: SourceRange): Problem =>
  problem("dockerfile/invalid-platform", message, range, { hint });

export const unknownTarget = (target: string, names: readonly string[]): Problem =>
  problem("dockerfile/unknown-target", `Cannot build the target "${target}": no stage has that name`, undefined, {
    hint:
      didYouMean(target, names) ??
      (names.length > 0 ? `the stages are ${names.join(", ")}` : "no stage has a name: give one with FROM image AS name"),
  });

export const stageIndex = (index: string, count: number, range: SourceRange): Problem =>
  problem(
    "dockerfile/unknown-stage",
    `Cannot copy from stage ${index}: the Dockerfile has ${count === 1 ? "1 stage" : `${count} stages`}, counted from 0`,
    range,
  );

export const laterStage = (what: string, name: string, range: SourceRange, defined: SourceRange | undefined): Problem =>
  problem("dockerfile/later-stage", `Cannot ${what} from "${name}": that stage comes later`, range, {
    hint: "put the stage before this one",
    ...(defined ? { related: [{ message: `"${name}" is defined here`, range: defined }] } : {}),
  });

export const cycle = (names: readonly string[], range: SourceRange, others: readonly { name: string; range: SourceRange }[]): Problem =>
  problem("dockerfile/stage-cycle", `Cannot order the stages: ${names.map((name) => `"${name}"`).join(" needs ")}`, range, {
    related: others.map((other) => ({ message: `"${other.name}" is needed here`, range: other.range })),
  });

export const fromVariable = (flag: string, value: string, range: SourceRange): Problem =>
  problem("dockerfile/from-variable", `Cannot use "${value}" for ${flag}: variables are not expanded there`, range, {
    hint: `give the image a stage: FROM ${value} AS name, with ARG before the first FROM`,
  });

/** `cause` is the resolver's error: its message is a sentence of its own. */
export const resolveFailed = (code: string, message: string, hint: string | undefined, range: SourceRange): Problem =>
  problem(code as AnyCode, message, range, { hint });

/** The problem of a name that is nearly a stage's. `word` is its place. */
export const resolveFailedNear = (code: string, message: string, stage: string, word: Word): Problem =>
  problem(code as AnyCode, message, word.range, {
    hint: `did you mean the stage "${stage}"?`,
    fix: fixOf(`Write ${stage}`, [replaceWord(word, stage)], false),
  });
