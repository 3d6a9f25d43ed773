import { TsbuildError } from "../../core/errors.js";

export function layerNotStored(id: string): TsbuildError {
  return new TsbuildError("store/layer-missing", `Cannot use layer ${id}: it is not in the store any more`, {
    hint: "Build again; if this repeats, run tsbuild with --no-cache",
  });
}

export function layerUnreadable(id: string, again: string): TsbuildError {
  return new TsbuildError("store/blob-missing", `Cannot read layer ${id}: its blob is not in the store any more`, { hint: again });
}

export function otherDiffId(blob: { readonly digest: string }, found: unknown, expected: string): TsbuildError {
  return new TsbuildError(
    "image/diffid-mismatch",
    `Cannot use layer ${blob.digest}: its content is ${found}, but the image's config says ${expected}`,
    {
      hint: "The image is damaged or was tampered with: push or pull it again",
    },
  );
}

export function blobLost(message: string, hint: string): TsbuildError {
  return new TsbuildError("store/blob-missing", message, { hint });
}
