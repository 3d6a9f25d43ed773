import type { Diagnostic } from "../../core/diagnostics.js";
import { type AnyCode, DiagnosticsError, TsbuildError, UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import type { Place } from "../hcl/ast.js";

/** Messages of bake files, one function each. */

function at(code: AnyCode, message: string, { source, range }: Place, hint?: string): DiagnosticsError {
  return new DiagnosticsError([{ severity: "error", code, message, source, range, ...(hint === undefined ? {} : { hint }) }]);
}

function meant(name: string, candidates: Iterable<string>): { readonly hint?: string } {
  const found = suggest(name, candidates);
  return found === undefined ? {} : { hint: `did you mean "${found}"?` };
}

/** `names` are on the way, the first is met again. */
export const cycle = (kind: string, names: readonly string[], place: Place): DiagnosticsError =>
  at("hcl/cycle", `Cannot evaluate the ${kind} "${names.at(-1)}": it needs itself, by way of ${names.join(" -> ")}`, place);

export const badValue = (what: string, message: string, place: Place): DiagnosticsError =>
  at("bake/value", `Cannot read ${what}: ${message}`, place);

export const badBlock = (message: string, place: Place, hint?: string): DiagnosticsError => at("bake/block", message, place, hint);

export const failedValidation = (name: string, message: string, place: Place): DiagnosticsError =>
  at("bake/validation", `Cannot use this value of "${name}": ${message}`, place);

export const ignoredAttribute = (name: string, known: Iterable<string>, { source, range }: Place): Diagnostic => ({
  severity: "warning",
  code: "bake/ignored",
  message: `The attribute "${name}" has no meaning in a target, and is ignored`,
  source,
  range,
  ...meant(name, known),
});

export const noTarget = (name: string, known: Iterable<string>): TsbuildError => {
  const names = [...known];
  const near = meant(name, names);
  const hint = near.hint ?? (names.length > 0 ? `the targets are ${names.join(", ")}` : "the files define no target");
  return new UsageError("bake/no-target", `Cannot find the target "${name}"`, { hint });
};

export const noMatch = (pattern: string, known: Iterable<string>): TsbuildError =>
  new UsageError("bake/no-target", `Cannot find a target that matches "${pattern}"`, { hint: `the targets are ${[...known].join(", ")}` });

export const linkCycle = (names: readonly string[]): TsbuildError =>
  new TsbuildError("bake/links", `Cannot build targets from each other: ${names.join(" -> ")}`, {
    hint: "leave out one of these contexts",
  });

export const linkPlatforms = (name: string, wanted: readonly string[], linked: string, there: readonly string[]): TsbuildError =>
  new TsbuildError(
    "bake/links",
    `Cannot build "${name}" for ${wanted.join(", ")} from "${linked}", which is built for ${there.join(", ")}`,
    {
      hint: `give "${linked}" all platforms of "${name}"`,
    },
  );

export const badOverride = (text: string, found: string): UsageError =>
  new UsageError("bake/override", `Cannot read "${text}" for --set: ${found}`, {
    hint: "write TARGET.KEY=VALUE, such as app.args.VERSION=2 or *.platform=linux/arm64",
  });

export const contextElsewhere = (path: string, address: string): TsbuildError =>
  new UsageError("bake/remote", `Cannot take "${path}" of ${address} as a context: a part of an archive has no address`, {
    hint: "name a repository, or unpack the archive and run bake there",
  });
