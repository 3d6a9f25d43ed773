import { deferred } from "../../core/tasks/deferred.js";
import { type Served, streaming } from "../../solver/buildkit/grpc/server.js";
import { tunnel } from "../../solver/buildkit/grpc/tunnel.js";
import { SESSION } from "../../solver/buildkit/messages/control.js";
import { ClientSession } from "../../solver/buildkit/serving/client-session.js";
import { badRequest } from "./errors.js";
import type { ServerParts } from "./parts/server-parts.js";

/** Serves the sessions of clients: in each of them the client answers what a build asks of it. */
export function sessionService({ sessions, signal: ending }: Pick<ServerParts, "sessions" | "signal">): readonly Served[] {
  return [
    streaming(SESSION, async ({ metadata, messages, send, signal }) => {
      const closed = deferred();
      const stream = tunnel({ messages, send, end: () => closed.resolve() });
      stream.once("close", () => closed.resolve());
      const session = new ClientSession(stream, metadata);
      const close = (): void => session.close();
      if (session.id === "" || !sessions.add(session.id, session)) {
        close();
        throw badRequest(session.id === "" ? "the session has no id" : `there is a session ${session.id} already`);
      }
      signal.addEventListener("abort", close, { once: true });
      ending.addEventListener("abort", close, { once: true });
      try {
        await closed.promise;
      } finally {
        ending.removeEventListener("abort", close);
        sessions.remove(session.id, session);
        close();
      }
    }),
  ];
}
