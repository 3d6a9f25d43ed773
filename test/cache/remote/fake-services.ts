import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createHash } from "node:crypto";
import { signRequest } from "../../../cache/remote/signature-v4.js";

export interface FakeService {
  readonly url: string;
  /** `METHOD path` of each request. */
  readonly log: string[];
  /** Stored bytes by key. */
  readonly objects: Map<string, Buffer>;
  /** The next requests that match are answered with this status instead. */
  readonly failures: { match: RegExp; status: number; times: number }[];
  close(): Promise<void>;
}

export const CREDENTIALS = { accessKeyId: "AKIATEST", secretAccessKey: "secret/key", sessionToken: "session" };

type Answer = (request: IncomingMessage, body: Buffer, response: ServerResponse, service: FakeService) => void | Promise<void>;

/**
 * Starts a server. It is an HTTP proxy, too, that tunnels every host to itself: any host name leads
 * here.
 */
async function startService(answer: Answer): Promise<FakeService> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const line = `${request.method} ${request.url}`;
      service.log.push(line);
      const failure = service.failures.find(({ match, times }) => times > 0 && match.test(line));
      if (failure) {
        failure.times--;
        response.writeHead(failure.status).end("<Error><Code>Injected</Code><Message>as asked</Message></Error>");
        return;
      }
      void answer(request, Buffer.concat(chunks), response, service);
    });
  });
  server.on("connect", (_request, socket, head) => {
    const tunnel = connect((server.address() as AddressInfo).port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      tunnel.write(head);
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnel.on("error", () => socket.destroy());
    socket.on("error", () => tunnel.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const service: FakeService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log: [],
    objects: new Map(),
    failures: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return service;
}

/**
 * Starts the part of S3 that a cache uses. Checks the signature of every request over the received
 * bytes, and the payload's hash.
 */
export function startS3(region: string): Promise<FakeService> {
  return startService(async (request, body, response, { objects }) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    const refuse = (status: number, code: string) =>
      response.writeHead(status).end(request.method === "HEAD" ? undefined : `<Error><Code>${code}</Code></Error>`);
    const problem = await signatureProblem(request, url, body, region);
    if (problem) return void refuse(403, problem);
    const key = decodeURIComponent(url.pathname);
    const stored = objects.get(key);
    if (request.method === "PUT") {
      const source = request.headers["x-amz-copy-source"];
      if (source !== undefined && !stored) return void refuse(404, "NoSuchKey");
      if (source === undefined) objects.set(key, body);
      return void response.writeHead(200).end();
    }
    if (!stored) return void refuse(404, "NoSuchKey");
    sendRange(request, response, stored, { "last-modified": new Date(0).toUTCString() });
  });
}

async function signatureProblem(request: IncomingMessage, url: URL, body: Buffer, region: string): Promise<string | undefined> {
  const [, names = "", signature = ""] = /SignedHeaders=([^,]*), Signature=(\w+)$/.exec(request.headers.authorization ?? "") ?? [];
  const payload = String(request.headers["x-amz-content-sha256"]);
  if (createHash("sha256").update(body).digest("hex") !== payload) return "XAmzContentSHA256Mismatch";
  const time = String(request.headers["x-amz-date"]).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const added = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];
  const headers = Object.fromEntries(
    names.split(";").flatMap((name) => (added.includes(name) ? [] : [[name, String(request.headers[name])]])),
  );
  const signed = await signRequest({ method: request.method ?? "", url, headers, payload }, CREDENTIALS, region, new Date(time));
  return signed["authorization"]?.endsWith(`Signature=${signature}`) ? undefined : "SignatureDoesNotMatch";
}

function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer, headers: Record<string, string>): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from, ...headers });
  response.end(request.method === "HEAD" ? undefined : bytes.subarray(from));
}

/** Makes a token like the runner's: its claims list the branches that it may read and write. */
export function actionsToken(scopes: readonly { readonly Scope: string; readonly Permission: number }[]): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ ac: JSON.stringify(scopes), exp: 4e9, nbf: 0 })}.x`;
}

/**
 * Starts the cache service of GitHub Actions, with both versions of its API. Finds complete entries
 * by prefix, the youngest first.
 */
export function startActionsCache(...tokens: readonly string[]): Promise<FakeService> {
  const open = new Map<string, Buffer[]>();
  const order: string[] = [];
  const find = (prefix: string): string | undefined => order.findLast((key) => key.startsWith(prefix));
  return startService((request, body, response, service) => {
    const url = new URL(request.url ?? "/", service.url);
    const send = (value: unknown, status = 200) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const blob = /^\/blobs\/(.*)$/.exec(url.pathname)?.[1];
    if (blob !== undefined) {
      const key = decodeURIComponent(blob);
      // Signed addresses: a token must not be sent there.
      if (request.headers.authorization !== undefined) return send({ message: "unexpected token" }, 400);
      if (request.method === "GET") return sendRange(request, response, service.objects.get(key) ?? Buffer.alloc(0), {});
      if (request.headers["x-ms-blob-type"] !== "BlockBlob") return send({ message: "no blob type" }, 400);
      open.set(key, [body]);
      return void response.writeHead(201).end();
    }
    if (!tokens.some((token) => request.headers.authorization === `Bearer ${token}`)) return send({ message: "bad token" }, 401);
    const address = (key: string): string => `${service.url}/blobs/${encodeURIComponent(key)}?sig=x`;
    const commit = (key: string): void => {
      service.objects.set(key, Buffer.concat(open.get(key) ?? []));
      order.push(key);
    };
    const json = request.headers["content-type"] === "application/json" ? (JSON.parse(body.toString()) as Record<string, string>) : {};
    const key = json["key"] ?? "";
    switch (url.pathname.replace(/^.*(CacheService|artifactcache)\//, "")) {
      case "GetCacheEntryDownloadURL": {
        const found = find(key);
        return send(found === undefined ? { ok: false } : { ok: true, signed_download_url: address(found), matched_key: found });
      }
      case "CreateCacheEntry":
        if (open.has(key)) return send({ code: "already_exists", msg: "cache entry already exists" }, 409);
        open.set(key, []);
        return send({ ok: true, signed_upload_url: address(key) });
      case "FinalizeCacheEntryUpload":
        commit(key);
        return send({ ok: true, entry_id: "1" });
      case "cache": {
        const found = find(url.searchParams.get("keys") ?? "");
        return found === undefined ? void response.writeHead(204).end() : send({ cacheKey: found, archiveLocation: address(found) });
      }
      case "caches":
        if (open.has(key)) return send({ typeKey: "ArtifactCacheItemAlreadyExistsException", message: "Cache already exists" }, 409);
        open.set(key, []);
        return send({ cacheId: open.size });
      default: {
        const id = Number(/caches\/(\d+)$/.exec(url.pathname)?.[1]);
        const target = [...open.keys()][id - 1];
        if (target === undefined) return send({ message: "no such cache" }, 404);
        if (request.method === "PATCH") open.get(target)?.push(body);
        else commit(target);
        return void response.writeHead(204).end();
      }
    }
  });
}
