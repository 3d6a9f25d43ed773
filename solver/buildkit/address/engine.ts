import { request } from "node:http";
import type { Duplex } from "node:stream";
import { throwIfAborted } from "../../../core/errors.js";
import { unreachable } from "../errors.js";

interface UpgradeOptions {
  /** Address, for messages. */
  readonly name: string;
  readonly path: "/grpc" | "/session";
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly signal: AbortSignal;
}

/**
 * Asks a Docker Engine on `stream` to speak gRPC from now on, and returns the stream. The engine
 * answers `/grpc`, and is the client on `/session`. Throws `builder/unreachable`.
 */
export async function upgraded(stream: Duplex, { name, path, headers, signal }: UpgradeOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      stream.destroy();
      try {
        throwIfAborted(signal);
        reject(unreachable(name, why, cause));
      } catch (canceled) {
        reject(canceled);
      }
    };
    const call = request({
      createConnection: () => stream,
      method: "POST",
      path,
      headers: { host: "docker", ...headers, connection: "Upgrade", upgrade: "h2c" },
      signal,
    });
    call.once("error", (error) => fail(error.message, error));
    call.once("response", (response) => {
      response.resume();
      fail(`the engine answers POST ${path} with the status ${response.statusCode}`);
    });
    call.once("upgrade", (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    call.end();
  });
}
