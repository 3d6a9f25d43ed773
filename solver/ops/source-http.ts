import type { Digest } from "../../core/digest.js";
import type { HttpSource } from "../../llb/sources/http.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { BlobTree } from "./inputs/blob-tree.js";

/**
 * A file by URL. What identifies it is its content: what is above is found again when the server still has the same bytes, at whatever address and
 * with whatever date.
 */
export function httpSourceOp(source: HttpSource, context: SolverContext): EngineOp<StepResult> {
  const { url, filename: name, checksum, mode, uid, gid } = source;
  let found: Digest | undefined;
  return {
    async identity(opContext) {
      found = checksum ?? (await context.downloads.digest(url, opContext));
      return `file ${found} ${JSON.stringify(name)} ${mode.toString(8)} ${uid}:${gid}`;
    },
    async immediate(opContext) {
      const digest = found ?? (await context.downloads.digest(url, opContext));
      const { size, mtime } = await context.downloads.fetch(
        url,
        { digest, from: checksum === undefined ? "server" : "checksum" },
        opContext,
      );
      const path = context.layers.store.blobs.path(digest);
      return { kind: "tree", tree: new BlobTree({ name, digest, size, mode, uid, gid, mtime, path }), name };
    },
    run: () => Promise.reject(new Error("internal: a download does not run")),
  };
}
