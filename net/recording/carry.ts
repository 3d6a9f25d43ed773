import { type ClientRequest, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Connections } from "../connections.js";
import { networkFault } from "../errors.js";
import { answerHeaders, requestHeaders } from "./headers.js";
import type { RecordedRequest } from "./recorded.js";
import { checkTarget, guardedLookup, RefusedTarget, type Refuses, UnknownTarget } from "./targets.js";

/** Milliseconds that a server may be silent. A client with less patience ends the request. */
const SILENCE = 600_000;

/** Ways out of a proxy. */
export interface Egress {
  readonly connections: Connections;
  readonly refuses: Refuses;
}

/** A request of a step that is being answered. */
interface Carried {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly recorded: RecordedRequest;
}

/** Passes a request on to its server, and the answer back. Never rejects. */
export async function carry(carried: Carried, egress: Egress): Promise<void> {
  const { request, response, url, recorded } = carried;
  try {
    await checkTarget(url, egress.refuses, egress.connections.hasProxy(url));
    const sent = await send(carried, egress);
    const answer = await answerOf(sent, response);
    const { location } = answer.headers;
    recorded.answer(answer.statusCode ?? 0, { location: resolved(location, url), partial: request.headers.range !== undefined });
    const noted = new Transform({
      transform(piece: Uint8Array, _, done) {
        recorded.add(piece);
        done(null, piece);
      },
    });
    answer.once("end", () => answer.complete && recorded.end());
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer.rawHeaders));
    await pipeline(answer, noted, response);
  } catch (error) {
    fail(carried, error);
  }
}

async function send({ request, response, url }: Carried, { connections, refuses }: Egress): Promise<ClientRequest> {
  const agent = await connections.agent(url, true);
  const begin = url.protocol === "https:" ? httpsRequest : httpRequest;
  const sent = begin(url, {
    agent,
    method: request.method,
    headers: requestHeaders(request.rawHeaders, url.host),
    auth: "",
    lookup: guardedLookup(refuses),
    timeout: SILENCE,
  });
  sent.once("timeout", () => sent.destroy(new Error("it was silent for too long")));
  response.once("close", () => sent.destroy());
  sendBody(request, sent);
  return sent;
}

function sendBody(request: IncomingMessage, sent: ClientRequest): void {
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  if (!hasBody) sent.end();
  // Faults are found by those who wait for the answer.
  else void pipeline(request as Readable, sent).catch(() => undefined);
}

function answerOf(sent: ClientRequest, response: ServerResponse): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.on("error", reject);
    // Emitted where another proxy is on the way and refuses the connection: its answer is not the
    // server's.
    sent.once("proxyConnect", ({ statusCode }: { readonly statusCode: number }) => {
      if (statusCode === 200) return;
      reject(new Error(`the proxy on the way answered ${statusCode}`));
      sent.destroy();
    });
    response.once("close", () => reject(new Error("the step has given up")));
  });
}

function fail({ request, response, url, recorded }: Carried, error: unknown): void {
  const refused = error instanceof RefusedTarget;
  const status = refused ? 403 : 502;
  if (response.headersSent) return void response.destroy();
  if (refused) recorded.refuse(status, error.message);
  else recorded.fail(status);
  if (response.destroyed) return;
  const known = refused || error instanceof UnknownTarget;
  request.resume();
  answerItself(response, status, known ? error.message : `${url.host}: ${networkFault(error).why}`);
}

/** Answers in the place of a server. */
export function answerItself(response: ServerResponse, status: number, why: string): void {
  const body = `tsbuild: ${why}\n`;
  response.writeHead(status, { "content-type": "text/plain", "content-length": Buffer.byteLength(body), connection: "close" });
  response.end(body);
}

function resolved(location: string | undefined, base: URL): URL | undefined {
  try {
    return location === undefined ? undefined : new URL(location, base);
  } catch {
    return undefined;
  }
}
