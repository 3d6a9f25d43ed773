import { TsbuildError } from "../core/errors.js";

/** One function per message that both an exporter and the look at the outputs before a build can end with. */

export function severalPlatforms(count: number): TsbuildError {
  return new TsbuildError("export/several-platforms", `Cannot export ${count} platforms with type=docker: a docker archive holds one`, {
    hint: "Use type=oci, or build one platform",
  });
}

export function noName(): TsbuildError {
  return new TsbuildError("export/no-name", "Cannot push the image: it has no name", { hint: "Name it with -t REGISTRY/NAME:TAG" });
}

export function isDirectory(path: string): TsbuildError {
  return new TsbuildError("export/is-directory", `Cannot write "${path}": it is a directory`, { hint: "Give the name of a file" });
}

export function notADirectory(path: string): TsbuildError {
  return new TsbuildError("export/not-a-directory", `Cannot export files to "${path}": it is no directory`, {
    hint: "Choose another dest=",
  });
}
