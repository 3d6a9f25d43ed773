import { TsbuildError } from "../../core/errors.js";

/** Makes the error of bytes that are no definition. `place` is the message or field. */
export function cannotDecode(place: string, why: string): TsbuildError {
  return new TsbuildError("llb/not-a-definition", `Cannot read the build definition: ${place}: ${why}`, {
    hint: 'Make it with "tsbuild debug llb -o FILE" or a client of BuildKit',
  });
}

/** Makes the error of an operation that BuildKit's form cannot say. */
export function cannotWrite(step: string, what: string, hint: string): TsbuildError {
  return new TsbuildError("llb/no-wire-form", `Cannot write "${step}" as BuildKit's LLB: ${what}`, { hint });
}

/** Makes the error of a part of a definition that is not solved here. `part` names the field. */
export function cannotSolve(step: string, part: string, why: string, hint?: string): TsbuildError {
  return new TsbuildError(
    "llb/not-solved",
    `Cannot solve "${step}" of the build definition: ${part}: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
