import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "../../../core/digest.js";
import { freePort, startServer } from "./server-program.js";

/** A registry program that was not written here, on a free port of loopback. */
export interface RealRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  stop(): Promise<void>;
}

const PROGRAM = ["/usr/bin/docker-registry", "/usr/local/bin/registry", "/usr/bin/registry"].find((path) => existsSync(path));

/** True when {@link startRegistry} can work here (Debian's package docker-registry). */
export const hasRegistry = PROGRAM !== undefined;

/** Whom a registry with `auth: "basic"` lets in. */
export const REGISTRY_ACCOUNT = { username: "me", password: "secret" } as const;
/**
 * Line of htpasswd for {@link REGISTRY_ACCOUNT}: bcrypt, the only form that docker-registry knows.
 */
const HTPASSWD = "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

/**
 * Starts docker-registry with an empty directory as its storage, open to all or with basic
 * authentication.
 */
export async function startRegistry({ auth }: { readonly auth?: "basic" } = {}): Promise<RealRegistry> {
  if (PROGRAM === undefined) throw new Error("docker-registry is not installed");
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-registry-"));
  const port = await freePort();
  const config = join(directory, "config.yml");
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: ${join(directory, "data")}}, delete: {enabled: true}}\nhttp: {addr: "127.0.0.1:${port}"}\n${
      auth === "basic" ? `auth: {htpasswd: {realm: test, path: ${join(directory, "htpasswd")}}}\n` : ""
    }`,
  );
  writeFileSync(join(directory, "htpasswd"), HTPASSWD);
  try {
    const server = await startServer(PROGRAM, ["serve", config], port);
    return {
      host: `127.0.0.1:${port}`,
      stop: async () => {
        await server.stop();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** One request as the fake registry saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export type Handler = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** A server that does what the test says, and remembers what it was asked. */
export interface FakeRegistry {
  readonly host: string;
  readonly origin: string;
  readonly seen: SeenRequest[];
  /** `METHOD /path?query` of each request, in order. */
  readonly log: string[];
  handler: Handler;
  /**
   * Sees requests before their bodies; false leaves one to the caller. Returns a function that ends
   * it.
   */
  onRequest(look: (request: IncomingMessage) => boolean): () => void;
  close(): Promise<void>;
}

/** Starts a scriptable server. With `tls` it speaks HTTPS with that key pair. */
export async function fakeRegistry(
  handler: Handler,
  options: { readonly tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<FakeRegistry> {
  const seen: SeenRequest[] = [];
  const log: string[] = [];
  let look: ((request: IncomingMessage) => boolean) | undefined;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (look?.(request) === false) return;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) };
      seen.push(one);
      log.push(`${one.method} ${one.url}`);
      void Promise.resolve(fake.handler(one, response)).catch(() => response.destroy());
    });
  };
  const server: Server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: FakeRegistry = {
    host,
    origin: `${options.tls === undefined ? "http" : "https"}://${host}`,
    seen,
    log,
    handler,
    onRequest(next) {
      look = next;
      return () => (look = undefined);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

/** Answers a blob or manifest GET or HEAD, honouring `Range`. */
export function sendBytes(request: SeenRequest, response: ServerResponse, bytes: Buffer, mediaType = "application/octet-stream"): void {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const part = bytes.subarray(start);
  response.writeHead(range ? 206 : 200, {
    "content-type": mediaType,
    "content-length": part.length,
    "docker-content-digest": sha256(bytes),
    ...(range ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : part);
}

/** Answers in JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}
