import type { TsbuildError } from "../../core/errors.js";
import { UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";

/** Messages about several builds at once, one function each. */

export const targetCircle = (names: readonly string[]): UsageError =>
  new UsageError("build/targets", `Cannot build targets from each other: ${names.join(" -> ")}`, {
    hint: "leave out one of these contexts",
  });

export const otherPlatforms = (name: string, wanted: string, built: readonly string[]): UsageError =>
  new UsageError("build/targets", `Cannot build from the target "${name}" for ${wanted}: it is built for ${built.join(", ")} only`, {
    hint: `add ${wanted} to the platforms of "${name}"`,
  });

export const unknownTarget = (name: string, user: string, known: readonly string[]): TsbuildError => {
  const near = suggest(name, known);
  return new UsageError("build/targets", `Cannot build "${user}" from the target "${name}": it is not among the targets`, {
    hint: near === undefined ? `the targets are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
};
