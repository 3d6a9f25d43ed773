import type { Agent } from "node:http";
import type { Readable } from "node:stream";

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
