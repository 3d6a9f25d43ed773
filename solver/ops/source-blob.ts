import type { BlobSource } from "../../llb/sources/blob.js";
import type { Ports } from "../ports.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { BlobTree } from "./inputs/blob-tree.js";

/**
 * Returns the op of a file whose bytes the caller put into the store, such as an archive from the
 * standard input.
 */
export function blobSourceOp({ digest, filename: name }: BlobSource, { layers }: Ports<"layers">): EngineOp<StepResult> {
  return {
    identity: async () => `file ${digest} ${JSON.stringify(name)}`,
    async immediate() {
      const { blobs } = layers.store;
      const file = { name, digest, size: blobs.size(digest), mode: 0o600, uid: 0, gid: 0, mtime: 0, path: blobs.path(digest) };
      return { kind: "tree", tree: new BlobTree(file), name };
    },
    run: () => Promise.reject(new Error("internal: a blob does not run")),
  };
}
