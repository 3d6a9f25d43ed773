import { type Digest, isDigest } from "../../core/digest.js";
import type { SourceOp } from "../../llb/ops.js";
import type { SolverContext } from "../context.js";
import type { EngineOp } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { BlobTree } from "./inputs/blob-tree.js";

/** Permission bits of a downloaded file when nobody says others; BuildKit's. */
const MODE = 0o600;

/**
 * A file by URL. What identifies it is its content: what is above is found again when the server still has the same bytes, at whatever address and
 * with whatever date.
 */
export function httpSourceOp(op: SourceOp, context: SolverContext): EngineOp<StepResult> {
  const url = op.identifier;
  const { "http.checksum": checksum, "http.filename": filename } = op.attrs;
  if (checksum !== undefined && !isDigest(checksum)) throw new Error(`internal: "${checksum}" is no checksum`);
  const name = filename || "download";
  const mode = number(op.attrs["http.perm"], MODE);
  const uid = number(op.attrs["http.uid"], 0);
  const gid = number(op.attrs["http.gid"], 0);
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

/** As Go reads numbers of attributes: `0755` and `0o755` are octal. */
function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const [, octal] = /^0o?([0-7]+)$/.exec(text) ?? [];
  return octal === undefined ? Number(text) : Number.parseInt(octal, 8);
}
