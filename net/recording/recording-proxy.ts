import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { WebRequests } from "../../core/web-request.js";
import { hostOf } from "../proxy.js";
import type { EphemeralAuthority } from "./authority.js";
import { answerItself, carry, type Egress } from "./carry.js";
import { RecordedRequests } from "./recorded.js";
import { checkTarget, RefusedTarget } from "./targets.js";

/** Limits on what a step may ask of its proxy. Times are milliseconds. */
const LIMITS = {
  /** Bytes of all headers of a request. */
  headers: 64 << 10,
  connections: 96,
  /** Requests that wait for those before them on their connection. */
  pipelined: 100,
  /** Time for the headers of a request, and for the beginning of TLS. */
  beginning: 60_000,
  /** Time in which nothing comes or goes. */
  silence: 600_000,
} as const;

interface ProxyOptions {
  readonly authority: EphemeralAuthority;
  readonly egress: Egress;
}

/**
 * A proxy of one step, which passes on requests of the web and nothing else, and records them. It
 * ends the TLS of the step with certificates of its own, and makes TLS of its own to the server.
 * Redirects are the client's business.
 */
export class RecordingProxy implements AsyncDisposable {
  readonly #authority: EphemeralAuthority;
  readonly #egress: Egress;
  readonly #server: Server;
  readonly #recorded = new RecordedRequests();
  readonly #open = new Set<Duplex>();
  /** Servers that the connections inside CONNECT are with. */
  readonly #tunnels = new WeakMap<Duplex, string>();

  /** The last request of each connection. */
  readonly #lines = new WeakMap<Duplex, { last: Promise<void>; waiting: number }>();

  private constructor({ authority, egress }: ProxyOptions) {
    this.#authority = authority;
    this.#egress = egress;
    this.#server = createServer({ maxHeaderSize: LIMITS.headers, headersTimeout: LIMITS.beginning, requestTimeout: 0 }, this.#onRequest);
    this.#server.maxConnections = LIMITS.connections;
    this.#server.setTimeout(LIMITS.silence);
    this.#server.on("connection", (socket: Duplex) => this.#keep(socket));
    this.#server.on("connect", (request, socket: Duplex, head) => {
      this.#tunnel(request, socket, head).catch(() => socket.destroy());
    });
    this.#server.on("clientError", (_, socket) => refuseConnection(socket, 400, "this is no request"));
  }

  /** Listens at the address of a Unix socket. */
  static async listen(address: string, options: ProxyOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen({ path: address }, resolve);
    });
    return proxy;
  }

  /** Returns the requests that came until now. */
  get requests(): WebRequests {
    return this.#recorded.get();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #keep(socket: Duplex): void {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    socket.on("error", () => {}); // The step has gone.
  }

  readonly #onRequest: RequestListener = (request, response) => {
    void this.#answer(request, response);
  };

  /**
   * Answers a request after those before it on its connection. Note that Node hands over all that
   * have come, and each would have a connection to a server of its own.
   */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = this.#lines.get(request.socket) ?? { last: Promise.resolve(), waiting: 0 };
    this.#lines.set(request.socket, line);
    if (++line.waiting > LIMITS.pipelined) return void request.socket.destroy();
    const { last } = line;
    line.last = new Promise((resolve) => response.once("close", resolve));
    await last;
    line.waiting--;
    const url = addressOf(request, this.#tunnels.get(request.socket));
    if (url === undefined) return refuse(request, response, 400, "a proxy is asked for absolute addresses of http and https");
    await carry({ request, response, url, recorded: this.#recorded.begin(request.method ?? "", url) }, this.#egress);
  }

  /** Begins TLS with a step that asks for a connection to a server. */
  async #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#keep(socket);
    const url = this.#tunnels.has(socket) ? undefined : authorityAddress(request.url ?? "");
    if (url === undefined) return refuseConnection(socket, 400, "CONNECT names no server");
    try {
      await checkTarget(url, this.#egress.refuses, this.#egress.connections.hasProxy(url));
    } catch (error) {
      const refused = error instanceof RefusedTarget;
      const recorded = this.#recorded.begin("CONNECT", url);
      if (refused) recorded.refuse(403, error.message);
      else recorded.fail(502);
      return refuseConnection(socket, refused ? 403 : 502, (error as Error).message);
    }
    if (socket.destroyed) return;
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    const secureContext = this.#authority.contextOf(hostOf(url));
    const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
    this.#keep(secure);
    this.#tunnels.set(secure, url.host);
    const late = setTimeout(() => secure.destroy(), LIMITS.beginning);
    const done = (): void => clearTimeout(late);
    secure.once("secure", done);
    secure.once("close", done);
    secure.once("close", () => socket.destroy());
    this.#server.emit("connection", secure);
  }
}

/** Returns the address that a request is for; undefined when it names none. */
function addressOf({ url = "" }: IncomingMessage, tunnel: string | undefined): URL | undefined {
  if (tunnel !== undefined) return url.startsWith("/") ? parsed(`https://${tunnel}${url}`) : undefined;
  return /^https?:\/\//i.test(url) ? parsed(url) : undefined;
}

/** Returns the address of a server that CONNECT names, such as `example.com:443`. */
function authorityAddress(text: string): URL | undefined {
  return /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5}$/i.test(text) ? parsed(`https://${text}`) : undefined;
}

function parsed(text: string): URL | undefined {
  try {
    const url = new URL(text);
    url.hash = "";
    return url;
  } catch {
    return undefined;
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, why: string): void {
  request.resume();
  answerItself(response, status, why);
}

function refuseConnection(socket: Duplex, status: number, why: string): void {
  const body = `tsbuild: ${why}\n`;
  const reason = status === 403 ? "Forbidden" : status === 502 ? "Bad Gateway" : "Bad Request";
  if (!socket.writable) return void socket.destroy();
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
