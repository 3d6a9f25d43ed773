import { TsbuildError } from "../../core/errors.js";
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

/** Makes the error of a context that is a result which nobody gave. */
export function unknownInput(name: string): TsbuildError {
  return new TsbuildError("context/not-found", `Cannot use "input:${name}" as a context: the client gave no result of this name`);
}

export const unknownTarget = (name: string, user: string, known: readonly string[]): TsbuildError => {
  const near = suggest(name, known);
  return new UsageError("build/targets", `Cannot build "${user}" from the target "${name}": it is not among the targets`, {
    hint: near === undefined ? `the targets are ${known.join(", ")}` : `did you mean "${near}"?`,
  });
};

/** Flags of the options that do not fit a definition. */
const FLAGS = {
  dockerfile: "--file",
  target: "--target",
  noCacheFilter: "--no-cache-filter",
  provenance: "--provenance",
  sbom: "--sbom",
  extraHosts: "--add-host",
  shmSize: "--shm-size",
  ulimits: "--ulimit",
  context: "a context that is no directory",
} as const;

export const definitionWithout = (option: keyof typeof FLAGS): UsageError =>
  new UsageError("llb/option", `Cannot build a definition with ${FLAGS[option]}: it is about a Dockerfile`, {
    hint: "leave it out, or build the Dockerfile",
  });

export const definitionOfOnePlatform = (): UsageError =>
  new UsageError("llb/option", "Cannot build a definition for several platforms: it is for one", {
    hint: "build the definition of each platform",
  });

export const definitionWithOthers = (): UsageError =>
  new UsageError("llb/option", "Cannot build a definition as one of several targets", { hint: "build it alone" });

export const definitionDirectory = (name: string): TsbuildError =>
  new UsageError("llb/directory-missing", `Cannot build the definition: it reads the directory "${name}", which was not given`, {
    hint: name === "context" ? "give the context: tsbuild build --llb FILE PATH" : `add --build-context ${name}=DIR`,
  });
