import type { Agent } from "node:http";
import type { Readable } from "node:stream";

/**
 * Answer of a server. The caller reads the body to its end or destroys it; otherwise the connection
 * is never used again.
 */
export interface HttpResponse {
  readonly status: number;
  /** Names match in any case. Values of a repeated header are joined by commas. */
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
