import type { Readable } from "node:stream";
import type { RequestInit } from "node-fetch";
import { sendHead } from "./head.js";
import type { HttpResponse, SendOptions } from "./response.js";

/**
 * One request, answered when the headers are there. Redirects are the caller's, since `Authorization` must not follow them everywhere, and blobs stay
 * compressed as they are. Rejects with fetch's or the system's error. The library is loaded with the first request.
 */
export async function sendRequest(url: URL, request: SendOptions): Promise<HttpResponse> {
  if (request.method === "HEAD") return sendHead(url, request);
  const { method, headers, agent, signal, body } = request;
  const { default: fetch } = await import("node-fetch");
  // Of a signal that is aborted already the library tells the body, where nobody listens.
  signal.throwIfAborted();
  const options = { method, headers, agent, signal, redirect: "manual", compress: false, body: body ?? null } as const;
  const response = await fetch(url, options as RequestInit);
  // fetch types its body as any stream; it gives Node's own.
  return { status: response.status, headers: response.headers, body: (response.body as Readable | null) ?? undefined };
}
