import type { Readable } from "node:stream";
import type { RequestInit } from "node-fetch";
import { sendHead } from "./head.js";
import type { HttpResponse, SendOptions } from "./response.js";

/**
 * Sends one request and resolves when the headers of the answer are there. Does not follow
 * redirects, because `Authorization` must not go to every origin. Does not decompress, because
 * blobs stay as they are. Rejects with fetch's or the system's error. Loads the library with the
 * first request.
 */
export async function sendRequest(url: URL, request: SendOptions): Promise<HttpResponse> {
  if (request.method === "HEAD") return sendHead(url, request);
  const { method, headers, agent, signal, body } = request;
  const { default: fetch } = await import("node-fetch");
  // The library reports a signal that is aborted already to the body only, where nobody listens.
  signal.throwIfAborted();
  const options = { method, headers, agent, signal, redirect: "manual", compress: false, body: body ?? null } as const;
  const response = await fetch(url, options as RequestInit);
  // fetch types its body as any stream; it gives Node's own.
  return { status: response.status, headers: response.headers, body: (response.body as Readable | null) ?? undefined };
}
