import { TsbuildError } from "../core/errors.js";

/**
 * Returns the error for a docker archive of several platforms. An exporter, and the check of the
 * outputs before a build, end with it.
 */

export function severalPlatforms(count: number): TsbuildError {
  return new TsbuildError("export/several-platforms", `Cannot export ${count} platforms with type=docker: a docker archive holds one`, {
    hint: "Use type=oci, or build one platform",
  });
}

export function noName(): TsbuildError {
  return new TsbuildError("export/no-name", "Cannot push the image: it has no name", { hint: "Name it with -t REGISTRY/NAME:TAG" });
}
