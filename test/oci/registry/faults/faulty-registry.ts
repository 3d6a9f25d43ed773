import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Digest, sha256 } from "../../../../core/digest.js";

/**
 * Kinds of requests, each of which a fault can hit. `challenge` is the 401 that names the token
 * server.
 */
export const CLASSES = [
  "challenge",
  "token",
  "manifest-head",
  "manifest-get",
  "blob-head",
  "blob-get",
  "upload-post",
  "upload-patch",
  "upload-put",
  "manifest-put",
] as const;
export type RequestClass = (typeof CLASSES)[number];

/**
 * One faulty answer. Missing members equal those of the right answer; `$ORIGIN` in texts is the
 * server's own address.
 */
export interface Fault {
  readonly name: string;
  /** With it the request has no effect. */
  readonly status?: number;
  /** Null leaves a header out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | ((right: Buffer, request: IncomingMessage) => Buffer);
  /** End of the answer. Default: as a whole. */
  readonly end?: "cut" | "cut-in-body" | "stall" | "stall-in-body" | "trickle" | "endless";
  /** Written to the connection in place of an answer; then it is closed. */
  readonly raw?: string;
  /** No answer: the connection is closed, or kept open in silence. */
  readonly silent?: "close" | "stall";
}

/** Content of a registry. */
export interface Content {
  readonly blobs: Map<Digest, Buffer>;
  /** By tag and by digest. */
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly mediaType: string }>;
}

export interface FaultyRegistry {
  readonly host: string;
  readonly content: Content;
  /** Requests of each kind. */
  readonly asked: Map<RequestClass, number>;
  /** Resolves when the fault was met first. */
  readonly met: Promise<void>;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  /** Effect of the request on the registry. */
  readonly effect?: () => void;
}

export interface FaultyOptions {
  readonly content: Content;
  readonly fault?: { readonly fault: Fault; readonly on: RequestClass; readonly times: number };
  /** Blobs in one piece are refused, as by registries behind small proxies. */
  readonly refusesWhole?: boolean;
  /** Time between the bytes of a trickle. Default: {@link TRICKLE}. */
  readonly every?: Every;
}

/** Calls a function again and again. Returns one that ends it. */
export type Every = (run: () => void) => () => void;

const REPOSITORY = /^\/v2\/([a-z0-9/-]+?)\/(manifests|blobs)\/(.*)$/;
/** Milliseconds. */
const TRICKLE = 20;

const everyMoment: Every = (run) => {
  const timer = setInterval(run, TRICKLE);
  return () => clearInterval(timer);
};

/** Starts a registry in memory, with a token server, that answers some requests wrongly. */
export async function startFaultyRegistry({
  content,
  fault,
  refusesWhole = false,
  every = everyMoment,
}: FaultyOptions): Promise<FaultyRegistry> {
  const asked = new Map<RequestClass, number>();
  const uploads = new Map<string, Buffer>();
  const trickles = new Set<() => void>();
  const sockets = new Set<Socket>();
  let origin = "";
  let next = 0;
  let meet = (): void => undefined;
  const met = new Promise<void>((resolve) => (meet = resolve));

  const answer = (kind: RequestClass, request: IncomingMessage, body: Buffer): Answer => {
    const url = new URL(request.url ?? "/", origin);
    const path = REPOSITORY.exec(url.pathname)?.[3] ?? "";
    const none = { headers: {}, body: Buffer.alloc(0) };
    switch (kind) {
      case "challenge":
        return { ...none, status: 401, headers: { "www-authenticate": `Bearer realm="${origin}/token",service="test"` } };
      case "token":
        return json(200, { token: "good", expires_in: 300 });
      case "manifest-head":
      case "manifest-get": {
        const found = content.manifests.get(path);
        return found
          ? bytesOf(found.bytes, found.mediaType, request)
          : json(404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "none" }] });
      }
      case "blob-head":
      case "blob-get": {
        const found = content.blobs.get(path as Digest);
        return found
          ? bytesOf(found, "application/octet-stream", request)
          : json(404, { errors: [{ code: "BLOB_UNKNOWN", message: "none" }] });
      }
      case "upload-post": {
        const id = String(++next);
        return { ...none, status: 202, headers: { location: `/v2/a/blobs/uploads/${id}` }, effect: () => uploads.set(id, Buffer.alloc(0)) };
      }
      case "upload-patch": {
        const id = path.slice("uploads/".length);
        const grown = Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), body]);
        return { ...none, status: 202, headers: { location: `/v2/a/blobs/uploads/${id}` }, effect: () => uploads.set(id, grown) };
      }
      case "upload-put": {
        const digest = url.searchParams.get("digest") as Digest;
        const whole = Buffer.concat([uploads.get(path.slice("uploads/".length)) ?? Buffer.alloc(0), body]);
        if (refusesWhole && body.length > 30_000) return json(413, { errors: [{ code: "SIZE_INVALID", message: "too large" }] });
        if (sha256(whole) !== digest) return json(400, { errors: [{ code: "DIGEST_INVALID", message: "other bytes" }] });
        const headers = { location: `/v2/a/blobs/${digest}`, "docker-content-digest": digest };
        return { ...none, status: 201, headers, effect: () => content.blobs.set(digest, whole) };
      }
      case "manifest-put": {
        const digest = sha256(body);
        const stored = { bytes: body, mediaType: request.headers["content-type"] ?? "" };
        const effect = () => {
          for (const key of [path, digest]) content.manifests.set(key, stored);
        };
        return { ...none, status: 201, headers: { "docker-content-digest": digest, location: `/v2/a/manifests/${digest}` }, effect };
      }
    }
  };

  const server = createServer((request, response) => {
    const kind = kindOf(request);
    const count = (asked.get(kind) ?? 0) + 1;
    asked.set(kind, count);
    const active = fault !== undefined && fault.on === kind && count <= fault.times ? fault.fault : undefined;
    if (active) meet();
    if (active?.silent === "stall") return;
    if (active?.silent === "close") return void request.socket.destroy();
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (active?.raw !== undefined) return void request.socket.end(active.raw.replaceAll("$ORIGIN", origin));
      const right = answer(kind, request, Buffer.concat(chunks));
      if (active?.status === undefined) right.effect?.();
      reply(right, active, { request, response, origin, every, trickles });
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `http://${host}`;
  return {
    host,
    content,
    asked,
    met,
    close() {
      for (const stop of trickles) stop();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function kindOf({ method, url = "", headers }: IncomingMessage): RequestClass {
  if (url.startsWith("/token")) return "token";
  if (headers.authorization !== "Bearer good") return "challenge";
  const kind = REPOSITORY.exec(url)?.[2] === "manifests" ? "manifest" : "blob";
  switch (method) {
    case "HEAD":
      return `${kind}-head`;
    case "GET":
      return `${kind}-get`;
    case "POST":
      return "upload-post";
    case "PATCH":
      return "upload-patch";
    default:
      return kind === "manifest" ? "manifest-put" : "upload-put";
  }
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

function bytesOf(bytes: Buffer, mediaType: string, request: IncomingMessage): Answer {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const range: Record<string, string> = from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
  return {
    status: from > 0 ? 206 : 200,
    headers: { "content-type": mediaType, "docker-content-digest": sha256(bytes), ...range },
    body: bytes.subarray(from),
  };
}

function reply(
  right: Answer,
  fault: Fault | undefined,
  {
    request,
    response,
    origin,
    every,
    trickles,
  }: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly origin: string;
    readonly every: Every;
    readonly trickles: Set<() => void>;
  },
): void {
  const body =
    typeof fault?.body === "string"
      ? Buffer.from(fault.body.replaceAll("$ORIGIN", origin))
      : (fault?.body?.(right.body, request) ?? right.body);
  const headers: Record<string, string> = { "content-length": String(body.length), ...right.headers };
  for (const [name, value] of Object.entries(fault?.headers ?? {})) {
    if (value === null) delete headers[name];
    else headers[name] = value.replaceAll("$ORIGIN", origin);
  }
  const end = fault?.end;
  const announced = end === "trickle" || end === "stall-in-body" || end === "cut-in-body" ? Math.max(body.length, 100) : undefined;
  if (announced !== undefined) headers["content-length"] = String(announced);
  if (end === "endless") delete headers["content-length"];
  const isHead = request.method === "HEAD";
  if (end === "stall" || end === "cut") {
    request.socket.write(`HTTP/1.1 ${fault?.status ?? right.status} X\r\nContent-Le`);
    if (end === "cut") request.socket.end();
    return;
  }
  response.writeHead(fault?.status ?? right.status, headers);
  if (isHead || end === undefined) return void response.end(isHead ? undefined : body);
  const half = body.subarray(0, Math.floor(body.length / 2));
  response.write(half.length > 0 ? half : " ");
  switch (end) {
    case "cut-in-body":
      return void setImmediate(() => response.destroy());
    case "stall-in-body":
      return;
    case "trickle": {
      const stop = every(() => response.write(" "));
      trickles.add(stop);
      response.on("close", stop);
      return;
    }
    case "endless": {
      const more = (): void => void (!response.destroyed && response.write(Buffer.alloc(1 << 16, " "), () => setImmediate(more)));
      return more();
    }
  }
}
