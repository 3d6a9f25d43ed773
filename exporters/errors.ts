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
