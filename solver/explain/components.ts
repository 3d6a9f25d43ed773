import type { StepChange } from "../../core/events.js";
import type { ExecOp, FileOp } from "../../llb/ops.js";
import type { KeyComponents } from "../engine/op.js";
import type { Selections } from "./selections.js";
import { fileChanges, SELECTION } from "./file-changes.js";
import { type Identity, opChanges } from "./op-changes.js";
import { type BaseStep, type StepInfo, stepName, stepText } from "../../core/step.js";
import { keywordOf } from "./step-similarity.js";
import { quoted } from "./values.js";

/** One side of a comparison: a step with the components of its key. */
export interface ComparedStep {
  readonly step: StepInfo;
  readonly identity: string;
  readonly inputs: readonly ComparedInput[];
}

/** An input of a compared step: its own step, and its form in the key. */
interface ComparedInput {
  readonly step: StepInfo;
  readonly key: string;
  /** Id of the input's vertex; undefined in a record. */
  readonly vertexId?: string;
}

interface CompareOptions {
  /** Names of environment variables that are build arguments. */
  readonly args: ReadonlySet<string>;
  readonly selections: Pick<Selections, "differing">;
  /**
   * Returns the rule that hides an existing path of a local context, which is known by its vertex:
   * `.dockerignore:3`.
   */
  readonly hiddenBy: (vertexId: string, path: string) => string | undefined;
}

/**
 * Returns every difference between two runs of a step: in the instruction itself first, then in
 * files, then in the steps it depends on.
 */
export function compareSteps(before: ComparedStep, after: ComparedStep, options: CompareOptions): readonly StepChange[] {
  const own = identityChanges(before, after, options.args);
  const given = givenAspects(own);
  const [was, is] = [splitInputs(before.inputs), splitInputs(after.inputs)];
  const files = is.files.flatMap((input, index) => {
    const old = was.files[index];
    return old ? contentChanges(old.digests, input, given, options) : [];
  });
  // With another instruction an input may mean something else: then only the instruction is
  // reported.
  const reported = own.some(({ kind }) => kind === "instruction") && was.steps.length !== is.steps.length;
  const changes = [...own, ...files, ...(reported ? [] : stepChanges(was.steps, is.steps))];
  const same = before.identity === after.identity && before.inputs.length === after.inputs.length;
  return changes.length > 0 || same ? changes : [instructionChange(before, after)];
}

/** Splits inputs into those that count by their selection, and those that count by their step. */
function splitInputs(inputs: readonly ComparedInput[]) {
  const parts = inputs.map((input) => ({ ...input, digests: contentDigests(input.key) }));
  return {
    files: parts.flatMap(({ digests, ...input }) => (digests ? [{ ...input, digests }] : [])),
    steps: parts.filter(({ digests }) => !digests),
  };
}

function stepChanges(was: readonly ComparedInput[], is: readonly ComparedInput[]): readonly StepChange[] {
  const changes = is.flatMap((input, index): readonly StepChange[] => {
    const old = was[index];
    if (!old) {
      const name = stepName(input.step);
      return [{ kind: "parent", subject: name, to: name, text: `the step before it is ${shortName(input.step)} now, there was none` }];
    }
    return old.key === input.key ? [] : [inputChange(old.step, input.step)];
  });
  const gone = was.slice(is.length).map(
    ({ step }): StepChange => ({
      kind: "parent",
      subject: stepName(step),
      from: stepName(step),
      text: `there is no step before it now, it was ${shortName(step)}`,
    }),
  );
  return [...changes, ...gone];
}

/**
 * Reads a record's components of a key; returns undefined when they are damaged, or of another
 * format.
 */
export function readComponents(text: string): KeyComponents | undefined {
  try {
    const value = JSON.parse(text) as Partial<KeyComponents>;
    return typeof value.identity === "string" && Array.isArray(value.inputs) ? (value as KeyComponents) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the digests in a key's part, when the input counts by its content. */
export function contentDigests(key: string): readonly string[] | undefined {
  return key.startsWith("content:") ? key.slice("content:".length).split(" ") : undefined;
}

function identityChanges(before: ComparedStep, after: ComparedStep, args: ReadonlySet<string>): readonly StepChange[] {
  if (before.identity === after.identity) return [];
  const [was, is] = [parseIdentity(before.identity), parseIdentity(after.identity)];
  const found = was && is ? opChanges(was, is, args) : undefined;
  return found ?? [instructionChange(before, after)];
}

function parseIdentity(text: string): Identity | undefined {
  try {
    const value = JSON.parse(text) as { readonly op?: ExecOp | FileOp } | null;
    return value?.op === undefined ? undefined : (value as Identity);
  } catch {
    return undefined;
  }
}

function instructionChange(before: ComparedStep, after: ComparedStep): StepChange {
  const [from, to] = [stepText(before.step), stepText(after.step)];
  const text = from === to ? "the instruction changed" : `the instruction went from ${quoted(from)} to ${quoted(to)}`;
  return { kind: "instruction", subject: keywordOf(after.step), from, to, text };
}

/**
 * Returns aspects that the instruction itself sets on every file, so that the files need not have
 * changed: `--chmod`, `--chown`, and the selection.
 */
function givenAspects(changes: readonly StepChange[]): ReadonlySet<string> {
  const aspects: Readonly<Record<string, string>> = {
    "--chmod": "mode",
    "--chown": "owner",
    "--exclude": SELECTION,
    "the source": SELECTION,
    "the pattern": SELECTION,
  };
  return new Set(changes.flatMap(({ subject }) => aspects[subject] ?? []));
}

function contentChanges(
  was: readonly string[],
  { step, vertexId, digests: is }: ComparedInput & { readonly digests: readonly string[] },
  given: ReadonlySet<string>,
  options: CompareOptions,
): readonly StepChange[] {
  if (was.join() === is.join()) return [];
  const changes = is.flatMap((digest, index) => {
    const old = was[index];
    if (old === undefined || old === digest) return [];
    const differing = options.selections.differing(old, digest);
    const hiddenBy = (path: string): string | undefined => (vertexId === undefined ? undefined : options.hiddenBy(vertexId, path));
    return differing ? fileChanges(differing.before, differing.after, (path) => shownPath(path, step), { given, hiddenBy }) : [];
  });
  return changes.length > 0 || given.size > 0
    ? changes
    : [{ kind: "file", subject: stepName(step), text: `files of ${placeOf(step)?.name ?? "the build context"} changed` }];
}

function shownPath(path: string, input: StepInfo): string {
  const place = placeOf(input);
  if (!place) return path || "/";
  return `${place.root}${path || (place.root === "" ? "/" : "")} of ${place.name}`;
}

/** Returns the place of paths outside of the build context, and how they begin there. */
function placeOf(input: StepInfo): { readonly name: string; readonly root: "" | "/" } | undefined {
  if (input.kind !== "context" || input.load !== undefined) return { name: shortName(input), root: "/" };
  return input.name === undefined ? undefined : { name: `the context "${input.name}"`, root: "" };
}

function inputChange(before: StepInfo, after: StepInfo): StepChange {
  if (before.kind === "base" && after.kind === "base") return baseChange(before, after);
  const subject = stepName(after);
  return stepText(before) === stepText(after)
    ? { kind: "parent", subject, text: `the step before it (${shortName(after)}) gave another result` }
    : {
        kind: "parent",
        subject,
        from: stepName(before),
        to: subject,
        text: `the step before it is ${shortName(after)} now, it was ${shortName(before)}`,
      };
}

function baseChange(was: BaseStep, is: BaseStep): StepChange {
  if (was.ref !== is.ref)
    return {
      kind: "base",
      subject: is.ref,
      from: was.ref,
      to: is.ref,
      text: `the base image went from ${quoted(was.ref)} to ${quoted(is.ref)}`,
    };
  const [from, to] = [was.digest ?? "", is.digest ?? ""];
  const how = from !== to ? ` moved from ${from.slice(0, 19)} to ${to.slice(0, 19)}` : " changed";
  return { kind: "base", subject: is.ref, from, to, text: `the base image ${is.ref}${how}` };
}

/** Returns the name of a step without the digest of an image, cut when it is long. */
function shortName(step: StepInfo): string {
  const short = stepName(step)
    .replace(/@sha256:[0-9a-f]{64}/, "")
    .replaceAll(/\s+/g, " ");
  return short.length > 60 ? `${short.slice(0, 59)}…` : short;
}
