import { readFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { systemErrorCode, throwIfAborted } from "../../../core/errors.js";
import { systemReason } from "../../../core/system/system-reason.js";
import { badAddress, unreachable } from "../errors.js";
import { commandStream } from "./command-stream.js";
import { upgraded } from "./engine.js";
import type { Address, BuilderAddress } from "./parse-address.js";

/** Milliseconds in which an address has to answer. */
const CONNECT_LIMIT = 20_000;

/** Headers with which a session is opened, by their names in lower case. */
export type SessionHeaders = Readonly<Record<string, string | string[]>>;

/** A way to one builder. */
export interface Road {
  /** Address, for messages. */
  readonly name: string;
  /** True where bytes do not leave the machine. */
  readonly near: boolean;
  /** Returns a stream on which the builder speaks gRPC. Throws `builder/unreachable`. */
  control(signal: AbortSignal): Promise<Duplex>;
  /**
   * Returns a stream on which this side serves a session; undefined where the API has a call for
   * it.
   */
  readonly session?: (headers: SessionHeaders, signal: AbortSignal) => Promise<Duplex>;
}

/** Returns the way to a builder. Nothing is opened yet. */
export function roadTo({ text, address }: BuilderAddress): Road {
  const open = (signal: AbortSignal): Promise<Duplex> => dial(text, address, signal);
  if (address.kind !== "engine") return { name: text, near: isNear(address), control: open };
  const { engine } = address;
  // A bare address is that of the environment.
  const name = text === "docker://" ? `${text} (${placeOf(engine)})` : text;
  const post = (path: "/grpc" | "/session", headers: SessionHeaders, signal: AbortSignal) =>
    dial(name, engine, signal).then((stream) => upgraded(stream, { name, path, headers, signal }));
  return {
    name,
    near: isNear(engine),
    control: (signal) => post("/grpc", {}, signal),
    session: (headers, signal) => post("/session", headers, signal),
  };
}

/** Returns a place as messages show it. */
function placeOf(address: Address): string {
  switch (address.kind) {
    case "socket":
      return address.path;
    case "tcp":
      return `${address.host}:${address.port}`;
    case "command":
      return address.command.join(" ");
    case "engine":
      return placeOf(address.engine);
  }
}

/** Returns true for an address on this machine. */
function isNear(address: Address): boolean {
  return address.kind === "socket" || (address.kind === "command" && /^(docker|podman)$/.test(address.command[0]));
}

async function dial(name: string, address: Address, signal: AbortSignal): Promise<Duplex> {
  throwIfAborted(signal);
  switch (address.kind) {
    case "socket":
      return connected(name, connectSocket({ path: address.path }), "connect", signal);
    case "tcp": {
      const { host, port, tls } = address;
      if (!tls) return connected(name, connectSocket({ host, port, noDelay: true }), "connect", signal);
      const file = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readCertificate(name, path));
      const { servername = /^[\d.]+$|:/.test(host) ? undefined : host } = tls;
      const secure = connectTls({
        host,
        port,
        ALPNProtocols: ["h2"],
        ...optional({ ca: file(tls.ca), cert: file(tls.cert), key: file(tls.key), servername }),
      });
      secure.setNoDelay(true);
      return connected(name, secure, "secureConnect", signal);
    }
    case "command":
      return commandStream(name, address.command, signal);
    case "engine":
      throw new Error("internal: an engine is behind an address of its own");
  }
}

function optional<T extends object>(members: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> };
}

function readCertificate(name: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw badAddress(name, `cannot read ${path}: ${systemReason(error)}`);
  }
}

/**
 * Resolves when a socket is connected. Rejects with `builder/unreachable`, or when `signal` is
 * aborted.
 */
function connected(name: string, socket: Socket, event: "connect" | "secureConnect", signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const stop = (): void => fail(new Error("canceled"));
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", stop);
      socket.destroy();
      try {
        throwIfAborted(signal);
        reject(unreachable(name, reasonOf(error), error));
      } catch (canceled) {
        reject(canceled);
      }
    };
    signal.addEventListener("abort", stop, { once: true });
    socket.setTimeout(CONNECT_LIMIT, () => fail(new Error(`no answer in ${CONNECT_LIMIT / 1000} s`)));
    socket.on("error", fail);
    socket.once(event, () => {
      signal.removeEventListener("abort", stop);
      socket.removeListener("error", fail);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function reasonOf(error: Error): string {
  const code = systemErrorCode(error);
  return code !== undefined && /^E[A-Z]+$/.test(code) ? systemReason(error) : error.message;
}
