import { createServer, type Server, type Socket } from "node:net";
import { SocketDirectory } from "../../../core/system/socket-directory.js";
import { RpcError, STATUS } from "../grpc/status.js";
import { tunnel } from "../grpc/tunnel.js";
import { CHECK_AGENT, FORWARD_AGENT } from "../messages/session.js";
import type { ClientSession } from "./client-session.js";

/** Sockets of this machine that lead to the SSH agents of a client. */
export class AgentSockets implements AsyncDisposable {
  readonly #session: ClientSession;
  readonly #directory: () => string;
  readonly #signal: AbortSignal;
  readonly #sockets = new Map<string, Promise<string | undefined>>();
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  #home: SocketDirectory | undefined;

  /** `directory` makes a directory of this user's alone. */
  constructor(session: ClientSession, { directory, signal }: { readonly directory: () => string; readonly signal: AbortSignal }) {
    this.#session = session;
    this.#directory = directory;
    this.#signal = signal;
  }

  /** Returns the socket of an agent; undefined for one that the client does not forward. */
  socket(id: string): Promise<string | undefined> {
    const known = this.#sockets.get(id);
    if (known) return known;
    const opened = this.#open(id);
    this.#sockets.set(id, opened);
    return opened;
  }

  async #open(id: string): Promise<string | undefined> {
    const { channel } = this.#session;
    if (!this.#session.supports(CHECK_AGENT)) return undefined;
    try {
      await channel.unary(CHECK_AGENT, { ID: id }, { signal: this.#signal });
    } catch (error) {
      if (error instanceof RpcError && error.status !== STATUS.CANCELLED) return undefined;
      throw error;
    }
    this.#home ??= new SocketDirectory(this.#directory());
    const server = createServer((socket) => this.#serve(socket, id));
    this.#servers.push(server);
    const name = `agent-${this.#servers.length}`;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen((this.#home as SocketDirectory).socket(name), resolve);
    });
    return this.#home.socket(name);
  }

  #serve(socket: Socket, id: string): void {
    this.#connections.add(socket);
    socket.once("close", () => this.#connections.delete(socket));
    const call = this.#session.channel.call(FORWARD_AGENT, { signal: this.#signal, metadata: { "buildkit.ssh.id": id } });
    const agent = tunnel(call);
    agent.on("error", () => socket.destroy());
    agent.once("close", () => call.cancel());
    socket.on("error", () => agent.destroy());
    socket.once("close", () => agent.destroy());
    agent.pipe(socket).pipe(agent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    for (const server of this.#servers) server.close();
    this.#home?.[Symbol.dispose]();
  }
}
