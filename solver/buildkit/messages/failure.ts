import { bytes, int32, many, one, openMessage, string, uint32 } from "../../../llb/wire/message.js";
import { read } from "../grpc/method.js";

/** `google.rpc.Status`, with what BuildKit's errors say of themselves. */
export const RPC_STATUS = openMessage("Status", {
  code: int32(1),
  message: string(2),
  details: many(3, openMessage("Any", { type_url: string(1), value: bytes(2) })),
});

const FAILED_VERTEX = openMessage("Vertex", { digest: string(1) });
const EXIT = openMessage("ExitMessage", { Code: uint32(1), Error: one(2, RPC_STATUS) });

/** Parts of a failure that programs can use. */
export interface Failure {
  /** Digest of the vertex that failed, on the wire. */
  readonly vertex?: string;
  /** Status of the process that failed. */
  readonly exitCode?: number;
}

/** Reads the details of a failed solve. Details that cannot be read say nothing. */
export function readFailure(details: Uint8Array | undefined): Failure {
  if (details === undefined) return {};
  let vertex: string | undefined;
  let exitCode: number | undefined;
  try {
    for (const { type_url = "", value = new Uint8Array() } of read(RPC_STATUS, details).details ?? []) {
      const type = type_url.slice(type_url.lastIndexOf("/") + 1);
      if (type === "errdefs.Vertex") vertex = read(FAILED_VERTEX, value).digest;
      if (type === "moby.buildkit.v1.frontend.ExitMessage") exitCode = read(EXIT, value).Code;
    }
  } catch {
    // The text of the error is known without them.
  }
  return { ...(vertex === undefined ? {} : { vertex }), ...(exitCode === undefined ? {} : { exitCode }) };
}
