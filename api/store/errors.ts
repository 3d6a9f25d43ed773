import { TsbuildError } from "../../core/errors.js";

export function noSuchBuild(ref: string, count: string): TsbuildError {
  return new TsbuildError("history/not-found", `Cannot find the build "${ref}": ${count} recorded, and none of that name`, {
    hint: '"tsbuild builds" lists them; ^0 is the newest',
  });
}

export function ambiguousBuild(ref: string, found: readonly { readonly id: string }[]): TsbuildError {
  return new TsbuildError("history/ambiguous", `Cannot tell which build "${ref}" means: ${found.length} ids begin like that`, {
    hint: `Write more of it: ${found.map(({ id }) => id).join(", ")}`,
  });
}

export function buildRemoved(summary: { readonly id: string }): TsbuildError {
  return new TsbuildError("history/not-found", `Cannot find the build "${summary.id}": it was just removed`);
}

export function noSuchStep(text: string, build: { readonly id: string }, steps: readonly unknown[]): TsbuildError {
  return new TsbuildError("history/step-not-found", `Cannot find the step "${text}" in build ${build.id}: it had ${steps.length} steps`, {
    hint: `"tsbuild explain --all ${build.id}" lists them; say a number, a place such as 2/4, a line such as :12, a stage, or a part of the name`,
  });
}

export function ambiguousStep(
  text: string,
  build: { readonly id: string },
  found: readonly { readonly number: number; readonly name: string }[],
): TsbuildError {
  return new TsbuildError("history/step-ambiguous", `Cannot tell which step "${text}" of build ${build.id} means: ${found.length} fit`, {
    hint: `Say the number: ${found.map((step) => `#${step.number} ${step.name}`).join(", ")}`,
  });
}
