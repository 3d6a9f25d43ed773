import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Readable } from "node:stream";

/** What a server answered. The body is read to its end or destroyed, or its connection is never used again. */
export interface HttpResponse {
  readonly status: number;
  /** Names in any case; values that came several times are joined by commas. */
  readonly headers: { get(name: string): string | null };
  readonly body: Readable;
}

export interface SendOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  readonly body: Readable | Uint8Array | undefined;
}

/**
 * One request over `node:http` or `node:https`, answered when the headers are there. Nothing between: of what fetch does beside that
 * (redirects, decompression, cookies, forms) a registry needs nothing, and loading it takes as long as a whole build that changes nothing.
 * Rejects with the system's error. TLS is loaded for `https:` only.
 */
export async function sendRequest(url: URL, { method, headers, agent, signal, body }: SendOptions): Promise<HttpResponse> {
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const options: RequestOptions = { method, headers: { accept: "*/*", ...headers }, agent, signal };
    const sent: ClientRequest = request(url, options, (message: IncomingMessage) => {
      resolve({
        status: message.statusCode ?? 0,
        headers: {
          get(name) {
            const value = message.headers[name.toLowerCase()];
            return Array.isArray(value) ? value.join(", ") : (value ?? null);
          },
        },
        body: message,
      });
    });
    // Also after the answer: a server that refuses an upload answers first and closes the connection under what is still being sent.
    sent.on("error", reject);
    if (body === undefined || body instanceof Uint8Array) {
      sent.end(body);
      return;
    }
    body.on("error", (error) => sent.destroy(error));
    sent.on("close", () => body.destroy());
    body.pipe(sent);
  });
}
