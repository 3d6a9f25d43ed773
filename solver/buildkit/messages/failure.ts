import { bytes, int32, many, one, openMessage, string, uint32 } from "../../../llb/wire/message.js";
import { read, write } from "../grpc/method.js";

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
      if (type === "errdefs.Vertex+json") vertex = textOf(value, "digest");
      if (type === "moby.buildkit.v1.frontend.ExitMessage") exitCode = read(EXIT, value).Code;
      if (type === "gatewayapi.ExitMessage+json") exitCode = numberOf(value, "Code");
    }
  } catch {
    // The text of the error is known without them.
  }
  return { ...(vertex === undefined ? {} : { vertex }), ...(exitCode === undefined ? {} : { exitCode }) };
}

function memberOf(value: Uint8Array, name: string): unknown {
  return (JSON.parse(Buffer.from(value).toString("utf8")) as Readonly<Record<string, unknown>>)[name];
}

function textOf(value: Uint8Array, name: string): string | undefined {
  const found = memberOf(value, name);
  return typeof found === "string" ? found : undefined;
}

function numberOf(value: Uint8Array, name: string): number | undefined {
  const found = memberOf(value, name);
  return typeof found === "number" ? found : undefined;
}

/** Parts of a failure as BuildKit's clients read them. */
export interface FailureParts extends Failure {
  readonly code: number;
  readonly message: string;
  /** The place in a text that the failure is about. */
  readonly source?: {
    readonly info: { readonly filename: string; readonly data: string; readonly language: string };
    readonly ranges: readonly object[];
  };
  /** Name of the question that a frontend does not answer. */
  readonly subrequest?: string;
}

/** Returns the bytes of `google.rpc.Status` with what a failure says of itself. */
export function writeFailure({ code, message, vertex, exitCode, source, subrequest }: FailureParts): Uint8Array {
  const details = [
    ...(vertex === undefined ? [] : [detail("errdefs.Vertex+json", { digest: vertex })]),
    ...(exitCode === undefined ? [] : [detail("gatewayapi.ExitMessage+json", { Code: exitCode })]),
    ...(source === undefined ? [] : [detail("errdefs.Source+json", source)]),
    ...(subrequest === undefined ? [] : [detail("errdefs.Subrequest+json", { name: subrequest })]),
  ];
  return write(RPC_STATUS, { code, message, details });
}

function detail(type: string, value: object): { readonly type_url: string; readonly value: Uint8Array } {
  return { type_url: `github.com/moby/buildkit/${type}`, value: Buffer.from(JSON.stringify(value)) };
}
