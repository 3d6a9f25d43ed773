import { setMaxListeners } from "node:events";
import type { Duplex } from "node:stream";
import { Channel } from "../grpc/channel.js";
import type { Metadata } from "../grpc/method.js";
import { RpcError, STATUS } from "../grpc/status.js";
import { CREDENTIALS, GET_SECRET } from "../messages/session.js";

/** Name of Docker Hub, as clients know it. */
const DOCKER_HUB = "registry-1.docker.io";

/** The session of a client: what this side may ask of it while it solves. */
export class ClientSession {
  readonly id: string;
  readonly channel: Channel;
  /** Key by which directories of earlier sessions of the same client are found. */
  readonly sharedKey: string;
  /** Aborted when the session has ended. */
  readonly ended: AbortSignal;
  readonly #methods: ReadonlySet<string>;

  /** `stream` leads to the client, which is the server on it. */
  constructor(stream: Duplex, metadata: Metadata) {
    this.id = metadata.get("x-docker-expose-session-uuid")?.[0] ?? "";
    this.sharedKey = metadata.get("x-docker-expose-session-sharedkey")?.[0] ?? "";
    this.#methods = new Set((metadata.get("x-docker-expose-session-grpc-method") ?? []).map((path) => path.toLowerCase()));
    this.channel = new Channel(stream, "the client");
    const ended = new AbortController();
    setMaxListeners(0, ended.signal);
    this.ended = ended.signal;
    stream.once("close", () => ended.abort());
  }

  /** Returns true for a method that the client has. */
  supports({ path }: { readonly path: string }): boolean {
    return this.#methods.has(path.toLowerCase());
  }

  /** Returns a secret; undefined for one that the client does not have. */
  async secret(ID: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (!this.supports(GET_SECRET)) return undefined;
    const found = await unlessNotFound(() => this.channel.unary(GET_SECRET, { ID }, { signal }));
    return found && (found.data ?? new Uint8Array());
  }

  /** Returns the login of a registry; undefined for none. */
  async credentials(registry: string, signal: AbortSignal): Promise<{ readonly username: string; readonly secret: string } | undefined> {
    if (!this.supports(CREDENTIALS)) return undefined;
    const Host = registry === "docker.io" ? DOCKER_HUB : registry;
    const found = await unlessNotFound(() => this.channel.unary(CREDENTIALS, { Host }, { signal }));
    const { Username: username = "", Secret: secret = "" } = found ?? {};
    return secret === "" ? undefined : { username, secret };
  }

  close(): void {
    this.channel.close();
  }
}

/** Returns undefined where the client answers that it does not have what was asked for. */
async function unlessNotFound<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RpcError && (error.status === STATUS.NOT_FOUND || error.status === STATUS.UNIMPLEMENTED)) return undefined;
    if (error instanceof RpcError && error.status === STATUS.UNKNOWN && /not found/.test(error.text)) return undefined;
    throw error;
  }
}
