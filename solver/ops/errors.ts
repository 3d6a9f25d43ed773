import { TsbuildError } from "../../core/errors.js";

export function notOnTop(): TsbuildError {
  return new TsbuildError(
    "build/diff-not-above",
    "Cannot take the difference of two filesystems: the second was not made on top of the first",
    {
      hint: "Diff a stage with the base it starts FROM",
    },
  );
}

export function noSuchSource(op: { readonly identifier: string }): TsbuildError {
  return new TsbuildError("build/source-unsupported", `Cannot get "${op.identifier}": there is no source of this kind`, {
    hint: "Sources are docker-image, oci-layout, local, http, https and git",
  });
}
