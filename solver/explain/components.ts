import type { StepChange } from "../../core/events.js";
import type { ExecOp, FileOp } from "../../llb/ops.js";
import type { KeyComponents } from "../engine/op.js";
import type { Selections } from "./selections.js";
import { fileChanges } from "./file-changes.js";
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
}

/** Everything in which two runs of a step differ: what the instruction itself says first, then files, then what it stands on. */
export function compareSteps(before: ComparedStep, after: ComparedStep, options: CompareOptions): readonly StepChange[] {
  const changes: StepChange[] = [...identityChanges(before, after, options.args)];
  const [was, is] = [before.components.inputs, after.components.inputs];
  if (was.length !== is.length && changes.length === 0) changes.push(instructionChange(before, after));
  const given = givenAspects(changes);
  const below: StepChange[] = [];
  for (const [index, input] of is.entries()) {
    const old = was[index];
    if (!old || old.key === input.key) continue;
    const [oldContent, content] = [contentDigests(old.key), contentDigests(input.key)];
    if (oldContent && content) changes.push(...contentChanges(oldContent, content, input.name, given, options));
    else below.push(inputChange(old.name, input.name));
  }
  return [...changes, ...below];
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

/** What `--chmod` and `--chown` give to every file, so that the files themselves need not have changed. */
function givenAspects(changes: readonly StepChange[]): ReadonlySet<string> {
  const aspects: Readonly<Record<string, string>> = { "--chmod": "mode", "--chown": "owner" };
  return new Set(changes.flatMap(({ subject }) => aspects[subject] ?? []));
}

function contentChanges(
  was: readonly string[],
  is: readonly string[],
  name: string,
  given: ReadonlySet<string>,
  options: CompareOptions,
): readonly StepChange[] {
  const changes = is.flatMap((digest, index) => {
    const old = was[index];
    if (old === undefined || old === digest) return [];
    const differing = options.selections.differing(old, digest);
    return differing ? fileChanges(differing.before, differing.after, (path) => shownPath(path, name), given) : [];
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
