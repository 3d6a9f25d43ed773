import { connect } from "node:net";
import { type Served, single, streaming } from "../grpc/server.js";
import { CallRefused, STATUS } from "../grpc/status.js";
import { CHECK_AGENT, CREDENTIALS, FORWARD_AGENT, GET_SECRET } from "../messages/session.js";

/** Secrets, agents and logins that a build entrusts to its steps, wherever they run. */
export interface Entrusted {
  /** Returns the bytes of a secret; undefined for an id that the build was not given. */
  secret(id: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Returns the socket of an SSH agent; undefined for an id that the build was not given. */
  agent(id: string): Promise<string | undefined>;
  /** Returns the login of a registry, by the name of its host; undefined for none. */
  credentials(host: string): Promise<{ readonly username: string; readonly secret: string } | undefined>;
}

/** Serves secrets, agents and logins. */
export function entrustedMethods({ secret, agent, credentials }: Entrusted): readonly Served[] {
  const socketOf = async (id: string): Promise<string> => {
    const socket = await agent(id);
    if (socket === undefined) throw new CallRefused(STATUS.NOT_FOUND, `unset ssh forward key ${id}`);
    return socket;
  };
  return [
    single(GET_SECRET, async ({ ID = "" }) => {
      const data = await secret(ID);
      if (data === undefined) throw new CallRefused(STATUS.NOT_FOUND, `secret ${ID}: not found`);
      return { data };
    }),
    single(CREDENTIALS, async ({ Host = "" }) => {
      const found = await credentials(Host);
      return found ? { Username: found.username, Secret: found.secret } : {};
    }),
    single(CHECK_AGENT, async ({ ID = "" }) => {
      await socketOf(ID || "default");
      return {};
    }),
    streaming(FORWARD_AGENT, async ({ metadata, messages, send, signal }) => {
      const id = metadata.get("buildkit.ssh.id")?.[0] || "default";
      const socket = connect({ path: await socketOf(id) });
      signal.addEventListener("abort", () => socket.destroy(), { once: true });
      socket.on("error", () => undefined);
      const outward = (async () => {
        for await (const { data } of messages) if (data && data.length > 0) socket.write(data);
        socket.end();
      })();
      try {
        for await (const data of socket as AsyncIterable<Buffer>) await send({ data });
      } finally {
        socket.destroy();
        outward.catch(() => undefined);
      }
    }),
  ];
}
