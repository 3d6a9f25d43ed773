import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Road } from "../address/connect.js";
import type { Channel } from "../grpc/channel.js";
import { type Served, serve, single } from "../grpc/server.js";
import { tunnel } from "../grpc/tunnel.js";
import { SESSION } from "../messages/control.js";
import { HEALTH } from "../messages/session.js";

/** Status of a server that serves. */
const SERVING = 1;

/** A session: what a builder may ask of this side while it solves. */
export interface Session {
  readonly id: string;
  /** Resolves when the connection of the session has ended. */
  readonly ended: Promise<void>;
  close(): void;
}

interface SessionOptions {
  readonly road: Road;
  /** The builder's API, for a way that has no other place for sessions. */
  readonly channel: Channel;
  /** Key by which a builder finds what an earlier session sent it. */
  readonly sharedKey: string;
  readonly methods: readonly Served[];
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

/** Returns the id of a new session or solve. */
export function newId(): string {
  return randomBytes(13).toString("hex").slice(0, 25);
}

/** Opens a session. */
export async function openSession(options: SessionOptions & { readonly id: string }): Promise<Session> {
  const { id, road, channel, sharedKey, signal, onFailure } = options;
  const methods = [...options.methods, single(HEALTH, async () => ({ status: SERVING }))];
  const headers = {
    "x-docker-expose-session-uuid": id,
    "x-docker-expose-session-name": "tsbuild",
    "x-docker-expose-session-sharedkey": sharedKey,
    "x-docker-expose-session-grpc-method": methods.map(({ path }) => path),
  };
  const stream: Duplex = road.session ? await road.session(headers, signal) : tunnel(channel.call(SESSION, { metadata: headers, signal }));
  const { close, ended } = serve(stream, methods, onFailure);
  return { id, ended, close };
}
