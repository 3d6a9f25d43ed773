import { systemErrorCode } from "../core/errors.js";
import type { HttpResponse, SendOptions } from "./response.js";

/**
 * A HEAD over `node:http`. It is all that a build asks of a registry when nothing changed, and loading a fetch library for an answer without a body
 * takes as long as the rest of such a build. Rejects with the system's error; TLS is loaded for `https:` only.
 */
export async function sendHead(url: URL, options: SendOptions): Promise<HttpResponse> {
  const { headers, agent, signal } = options;
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "HEAD", headers: { accept: "*/*", ...headers }, agent }, (message) => {
      message.resume();
      const get = (name: string): string | null => {
        const value = message.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      };
      resolve({ status: message.statusCode ?? 0, headers: { get }, body: undefined });
    });
    // Not by the request's own option `signal`: what Node uses then to watch streams is loaded for nothing else.
    const stop = (): void => {
      const error = new Error("The request was given up");
      sent.destroy(error);
      // A request without a connection yet, such as one whose proxy is silent, tells nobody of its end.
      reject(error);
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    sent.on("close", () => signal.removeEventListener("abort", stop));
    sent.on("error", (error) => {
      // The server had ended a connection that was kept: the next one is a new one in the end.
      if (sent.reusedSocket && systemErrorCode(error) === "ECONNRESET") resolve(sendHead(url, options));
      else reject(error);
    });
    sent.end();
  });
}
