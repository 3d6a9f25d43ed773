import type { StepChange } from "../../core/events.js";
import type { ExecOp, FileOp } from "../../llb/ops.js";
import type { KeyComponents } from "../engine/op.js";
import type { Selections } from "./selections.js";
import { fileChanges, SELECTION } from "./file-changes.js";
import { type Identity, opChanges } from "./op-changes.js";
import { parseStepName } from "./step-names.js";
import { quoted } from "./values.js";

/** One side of a comparison: a step with what its key was made of. */
export interface ComparedStep {
  readonly name: string;
  readonly components: KeyComponents;
}

export interface CompareOptions {
  /** Names of environment variables that are build arguments. */
  readonly args: ReadonlySet<string>;
  readonly selections: Pick<Selections, "differing">;
  /** What hides a path of a local context, known by the name of its step, that exists there: `.dockerignore:3`. */
  readonly hiddenBy: (context: string, path: string) => string | undefined;
}

/** Everything in which two runs of a step differ: what the instruction itself says first, then files, then what it stands on. */
export function compareSteps(before: ComparedStep, after: ComparedStep, options: CompareOptions): readonly StepChange[] {
  const own = identityChanges(before, after, options.args);
  const given = givenAspects(own);
  const [was, is] = [splitInputs(before.components.inputs), splitInputs(after.components.inputs)];
  const files = is.files.flatMap(({ name, digests }, index) => {
    const old = was.files[index];
    return old ? contentChanges(old.digests, digests, name, given, options) : [];
  });
  // With another instruction an input may mean something else: then only the instruction is told.
  const told = own.some(({ kind }) => kind === "instruction") && was.steps.length !== is.steps.length;
  const changes = [...own, ...files, ...(told ? [] : stepChanges(was.steps, is.steps))];
  const same =
    before.components.identity === after.components.identity && before.components.inputs.length === after.components.inputs.length;
  return changes.length > 0 || same ? changes : [instructionChange(before, after)];
}

/** Inputs that count by what is selected from them, and those that count as the step they are. */
function splitInputs(inputs: KeyComponents["inputs"]) {
  const parts = inputs.map(({ name, key }) => ({ name, key, digests: contentDigests(key) }));
  return {
    files: parts.flatMap(({ name, digests }) => (digests ? [{ name, digests }] : [])),
    steps: parts.filter(({ digests }) => !digests),
  };
}

type StepInput = KeyComponents["inputs"][number];

function stepChanges(was: readonly StepInput[], is: readonly StepInput[]): readonly StepChange[] {
  const changes = is.flatMap((input, index): readonly StepChange[] => {
    const old = was[index];
    if (!old)
      return [
        { kind: "parent", subject: input.name, to: input.name, text: `the step before it is ${shortName(input.name)} now, there was none` },
      ];
    return old.key === input.key ? [] : [inputChange(old.name, input.name)];
  });
  const gone = was.slice(is.length).map(
    ({ name }): StepChange => ({
      kind: "parent",
      subject: name,
      from: name,
      text: `there is no step before it now, it was ${shortName(name)}`,
    }),
  );
  return [...changes, ...gone];
}

/** What a record keeps of a key; undefined when it is damaged, or of another format. */
export function readComponents(text: string): KeyComponents | undefined {
  try {
    const value = JSON.parse(text) as Partial<KeyComponents>;
    return typeof value.identity === "string" && Array.isArray(value.inputs) ? (value as KeyComponents) : undefined;
  } catch {
    return undefined;
  }
}

/** The digests in a key's part, when the input counts by its content. */
export function contentDigests(key: string): readonly string[] | undefined {
  return key.startsWith("content:") ? key.slice("content:".length).split(" ") : undefined;
}

function identityChanges(before: ComparedStep, after: ComparedStep, args: ReadonlySet<string>): readonly StepChange[] {
  if (before.components.identity === after.components.identity) return [];
  const [was, is] = [parseIdentity(before.components.identity), parseIdentity(after.components.identity)];
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
  const [from, to] = [parseStepName(before.name).text, parseStepName(after.name).text];
  const text = from === to ? "the instruction changed" : `the instruction went from ${quoted(from)} to ${quoted(to)}`;
  return { kind: "instruction", subject: parseStepName(after.name).keyword, from, to, text };
}

/** What the instruction itself gives to every file, so that the files need not have changed: `--chmod`, `--chown`, and which files it takes. */
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
  is: readonly string[],
  name: string,
  given: ReadonlySet<string>,
  options: CompareOptions,
): readonly StepChange[] {
  if (was.join() === is.join()) return [];
  const changes = is.flatMap((digest, index) => {
    const old = was[index];
    if (old === undefined || old === digest) return [];
    const differing = options.selections.differing(old, digest);
    const about = { given, hiddenBy: (path: string) => options.hiddenBy(name, path) };
    return differing ? fileChanges(differing.before, differing.after, (path) => shownPath(path, name), about) : [];
  });
  return changes.length > 0 || given.size > 0
    ? changes
    : [{ kind: "file", subject: name, text: `files of ${placeOf(name)?.name ?? "the build context"} changed` }];
}

function shownPath(path: string, input: string): string {
  const place = placeOf(input);
  if (!place) return path || "/";
  return `${place.root}${path || (place.root === "" ? "/" : "")} of ${place.name}`;
}

/** Where paths are that are not in the build context, and how they begin there. */
function placeOf(input: string): { readonly name: string; readonly root: "" | "/" } | undefined {
  if (input === "[internal] load build context") return undefined;
  const context = /^\[context (.*)\] load from client$/.exec(input)?.[1];
  return context === undefined ? { name: shortName(input), root: "/" } : { name: `the context "${context}"`, root: "" };
}

function inputChange(before: string, after: string): StepChange {
  const [was, is] = [baseOf(before), baseOf(after)];
  if (was && is) {
    if (was.ref !== is.ref)
      return {
        kind: "base",
        subject: is.ref,
        from: was.ref,
        to: is.ref,
        text: `the base image went from ${quoted(was.ref)} to ${quoted(is.ref)}`,
      };
    const [from, to] = [was.digest, is.digest];
    const how = from !== to ? ` moved from ${from.slice(0, 19)} to ${to.slice(0, 19)}` : " changed";
    return { kind: "base", subject: is.ref, from, to, text: `the base image ${is.ref}${how}` };
  }
  const same = parseStepName(before).text === parseStepName(after).text;
  return same
    ? { kind: "parent", subject: after, text: `the step before it (${shortName(after)}) gave another result` }
    : {
        kind: "parent",
        subject: after,
        from: before,
        to: after,
        text: `the step before it is ${shortName(after)} now, it was ${shortName(before)}`,
      };
}

function baseOf(name: string): { readonly ref: string; readonly digest: string } | undefined {
  const { text, keyword } = parseStepName(name);
  if (keyword !== "FROM") return undefined;
  const [ref = "", digest = ""] = text.slice("FROM ".length).split("@", 2);
  return { ref, digest };
}

/** A step's name without the digest of an image, cut where it gets long. */
function shortName(name: string): string {
  const short = name.replace(/@sha256:[0-9a-f]{64}/, "").replaceAll(/\s+/g, " ");
  return short.length > 60 ? `${short.slice(0, 59)}…` : short;
}
