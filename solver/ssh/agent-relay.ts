import { chmodSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { SocketDirectory } from "../../core/system/socket-directory.js";
import { drained } from "../../core/tasks/drained.js";

/** A socket that leads to an SSH agent, and lets through only the requests that a step may make. */
interface AgentRelay extends Disposable {
  /** Path of the socket. */
  readonly path: string;
}

/** Message numbers of the SSH agent protocol (draft-ietf-sshm-ssh-agent). */
const REQUEST_IDENTITIES = 11;
const SIGN_REQUEST = 13;
const FAILURE = Buffer.from([0, 0, 0, 1, 5]);
/** Bytes of the longest message, OpenSSH's limit. */
const LONGEST = 256 * 1024;

/**
 * Listens in a new directory in `parent` for programs that ask for the agent behind `upstream`. The
 * programs may list keys and request signatures; no key is added, removed or locked. Connections
 * end with the relay.
 */
export async function openAgentRelay(upstream: string, parent: string, mode: number): Promise<AgentRelay> {
  const home = new SocketDirectory(parent);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    void serve(client, upstream);
  });
  // A program of a finished step keeps no build alive.
  server.unref();
  try {
    await listening(server, home.socket("agent"));
    const path = `${home.path}/agent`;
    chmodSync(path, mode);
    return {
      path,
      [Symbol.dispose]() {
        server.close();
        for (const client of open) client.destroy();
        home[Symbol.dispose]();
      },
    };
  } catch (error) {
    server.close();
    home[Symbol.dispose]();
    throw error;
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}

/**
 * Serves one request after the other, as the protocol has it. A fault on either side ends the
 * connection, which the program notices.
 */
async function serve(client: Socket, upstream: string): Promise<void> {
  const agent = connect(upstream);
  agent.on("error", () => client.destroy());
  client.on("error", () => agent.destroy());
  try {
    const answers = messages(agent);
    for await (const request of messages(client)) {
      const kind = request[4];
      if (kind !== REQUEST_IDENTITIES && kind !== SIGN_REQUEST) {
        await send(client, FAILURE);
        continue;
      }
      agent.write(request);
      const answer = await answers.next();
      if (answer.done) break;
      await send(client, answer.value);
    }
  } catch {
    // The agent or the program ended.
  } finally {
    agent.destroy();
    client.end();
  }
}

/** Waits for a program that does not read, instead of keeping its answers in memory. */
async function send(socket: Socket, message: Buffer): Promise<void> {
  if (!socket.write(message)) await drained(socket);
}

/**
 * Yields complete messages with their length in front. Throws when one is longer than the
 * protocol's programs take.
 */
async function* messages(socket: Socket): AsyncGenerator<Buffer, void> {
  let held = Buffer.alloc(0);
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 4) {
      const end = 4 + held.readUInt32BE(0);
      if (end > LONGEST) throw new Error("the message is too long");
      if (held.length < end) break;
      yield held.subarray(0, end);
      held = held.subarray(end);
    }
  }
}
