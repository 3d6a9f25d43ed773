import type { Digest } from "../../core/digest.js";
import type { HttpSource } from "../../llb/sources/http.js";
import type { Ports } from "../ports.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { BlobTree } from "./inputs/blob-tree.js";

/**
 * Returns the op of a file by URL. Its content is its identity: steps above are found again when
 * the server still has the same bytes, at any address and with any date.
 */
export function httpSourceOp(source: HttpSource, { sources: { downloads }, layers }: Ports<"sources" | "layers">): EngineOp<StepResult> {
  const { url, filename: name, checksum, mode, uid, gid } = source;
  let found: Digest | undefined;
  return {
    async identity(opContext) {
      found = checksum ?? (await downloads.digest(url, opContext));
      return `file ${found} ${JSON.stringify(name)} ${mode.toString(8)} ${uid}:${gid}`;
    },
    async immediate(opContext) {
      const digest = found ?? (await downloads.digest(url, opContext));
      const { size, mtime } = await downloads.fetch(url, { digest, from: checksum === undefined ? "server" : "checksum" }, opContext);
      const path = layers.store.blobs.path(digest);
      return { kind: "tree", tree: new BlobTree({ name, digest, size, mode, uid, gid, mtime, path }), name };
    },
    run: () => Promise.reject(new Error("internal: a download does not run")),
  };
}
