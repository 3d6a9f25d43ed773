import { parseDigest } from "../../core/digest.js";
import type { SourceOp } from "../../llb/ops.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { BlobTree } from "./inputs/blob-tree.js";

/** Scheme of a blob of this store as a file: `oci-layout+blob://NAME@sha256:…`, attribute `blob.filename`. */
export const BLOB_SCHEME = "oci-layout+blob";

/** A file whose bytes the caller put into the store: an archive that came over the standard input. */
export function blobSourceOp(op: SourceOp, context: SolverContext): EngineOp<StepResult> {
  const digest = parseDigest(op.identifier.slice(op.identifier.lastIndexOf("@") + 1));
  const name = op.attrs["blob.filename"] ?? "blob";
  return {
    identity: async () => `file ${digest} ${JSON.stringify(name)}`,
    async immediate() {
      const { blobs } = context.layers.store;
      const file = { name, digest, size: blobs.size(digest), mode: 0o600, uid: 0, gid: 0, mtime: 0, path: blobs.path(digest) };
      return { kind: "tree", tree: new BlobTree(file), name };
    },
    run: () => Promise.reject(new Error("internal: a blob does not run")),
  };
}
