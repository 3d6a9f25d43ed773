import type { Agent } from "node:http";
import type { Readable } from "node:stream";
import type { RequestInit } from "node-fetch";
import { sendHead } from "./head.js";

/** What a server answered. A body is read to its end or destroyed, or its connection is never used again. */
export interface HttpResponse {
  readonly status: number;
  /** Names in any case; values that came several times are joined by commas. */
  readonly headers: { get(name: string): string | null };
  readonly body: Readable | undefined;
}

export interface SendOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly body: Readable | Uint8Array | undefined;
}

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
