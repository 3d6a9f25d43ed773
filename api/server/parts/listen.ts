import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname, isAbsolute } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { systemErrorCode } from "../../../core/errors.js";
import { systemReason } from "../../../core/system/system-reason.js";
import { badServerAddress, socketTaken } from "../errors.js";
import type { ServerTls } from "../options.js";

/** Bytes of the longest path of a socket (unix(7)). */
const LONGEST_PATH = 107;

interface ListenOptions {
  readonly tls: ServerTls | undefined;
  readonly openToAnyone: boolean;
  readonly onConnection: (socket: Socket) => void;
}

/** A socket that listens. */
export interface Listening {
  /** Address for clients. */
  readonly address: string;
  readonly server: Server;
}

/** Listens at an address. Throws `server/address` and `server/socket`. */
export async function listenAt(address: string, options: ListenOptions): Promise<Listening> {
  const [, scheme, rest = ""] = /^([a-z]+):\/\/(.+)$/s.exec(address) ?? [];
  if (scheme === "unix") return await listenOnSocket(address, rest, options);
  if (scheme === "tcp") return await listenOnPort(address, rest, options);
  throw badServerAddress(address, "it is neither unix://PATH nor tcp://HOST:PORT", "For example --addr unix:///run/user/1000/tsbuild.sock");
}

async function listenOnSocket(address: string, path: string, { onConnection }: ListenOptions): Promise<Listening> {
  if (!isAbsolute(path)) throw badServerAddress(address, "the path is not absolute", "Write unix:///path/of/the/socket");
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw badServerAddress(address, `the path is longer than ${LONGEST_PATH} bytes`, "Name a shorter path");
  await makeRoom(path);
  const server = createServer(onConnection);
  try {
    await listening(server, () => withUmask(0o177, () => server.listen(path)));
  } catch (error) {
    throw socketTaken(path, systemReason(error), error);
  }
  chmodSync(path, 0o600);
  return { address, server };
}

/**
 * Runs `body` with a umask of this process. Note that nothing may wait in it, because other builds
 * of the process make their files meanwhile. Node makes a socket before `listen` returns, and
 * nobody else may use it from its first moment on.
 */
function withUmask(mask: number, body: () => void): void {
  const before = process.umask(mask);
  try {
    body();
  } finally {
    process.umask(before);
  }
}

/** Makes the directory of a socket, and removes a socket on which nobody listens any more. */
async function makeRoom(path: string): Promise<void> {
  const directory = dirname(path);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(directory);
  // Others could replace the socket by one of theirs.
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) throw socketTaken(path, "others may write to its directory");
  if (uid !== process.getuid?.() && uid !== 0) throw socketTaken(path, "its directory belongs to another user");
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw socketTaken(path, "there is a file of this name, which is no socket");
  if (await answers(path)) throw socketTaken(path, "another server listens there");
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => resolve(systemErrorCode(error) !== "ECONNREFUSED" && systemErrorCode(error) !== "ENOENT"));
  });
}

async function listenOnPort(address: string, place: string, { tls, openToAnyone, onConnection }: ListenOptions): Promise<Listening> {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(place) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535)
    throw badServerAddress(address, "it is not of the form tcp://HOST:PORT", "For example tcp://127.0.0.1:1234");
  if (!tls && !openToAnyone)
    throw badServerAddress(
      address,
      "whoever reaches the port could build as this user",
      "Give --tlscert, --tlskey and --tlscacert, or say --open-to-anyone as well",
    );
  const server = tls ? secureServer(tls, onConnection) : createServer(onConnection);
  try {
    await listening(server, () => server.listen({ host, port: Number(port) }));
  } catch (error) {
    throw socketTaken(address, systemReason(error), error);
  }
  const bound = server.address();
  const actual = typeof bound === "object" && bound !== null ? bound.port : port;
  return { address: `tcp://${bracketed === undefined ? host : `[${host}]`}:${actual}`, server };
}

/** Returns a server that takes clients with a certificate of the authorities only. */
function secureServer({ cert, key, ca }: ServerTls, onConnection: (socket: Socket) => void): Server {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw badServerAddress(path, systemReason(error), "Name a file in PEM");
    }
  };
  const options = { cert: read(cert), key: read(key), ca: read(ca), requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"] };
  const server = createTlsServer({ ...options, minVersion: "TLSv1.2" }, (socket) => {
    // Clients of docker speak HTTP/2 without naming it, and Node would close such a connection.
    if (socket.alpnProtocol === false) socket.alpnProtocol = "h2";
    onConnection(socket);
  });
  // A client without a certificate is no failure of the server.
  server.on("tlsClientError", () => undefined);
  return server;
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    start();
  });
}
