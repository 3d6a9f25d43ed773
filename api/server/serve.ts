import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import { defaultRoot } from "../../cache/paths.js";
import { deferred } from "../../core/tasks/deferred.js";
import { serve as serveMethods } from "../../solver/buildkit/grpc/server.js";
import type { ClientSession } from "../../solver/buildkit/serving/client-session.js";
import { openProcessStore } from "../session/process-store.js";
import { Arrivals } from "./parts/arrivals.js";
import { measure } from "../store/disk-usage.js";
import { pruneStore } from "../store/prune.js";
import { buildHistoryOf } from "../store/build-history.js";
import { BuildWatch } from "./build-watch.js";
import { contentServices } from "./content-services.js";
import { diskServices } from "./disk-services.js";
import { historyServices } from "./history-services.js";
import { bridgeService } from "./bridge-service.js";
import { controlService } from "./control-service.js";
import { infoService } from "./info-service.js";
import type { Job } from "./job.js";
import { listenAt, type Listening } from "./parts/listen.js";
import type { Server, ServeOptions } from "./options.js";
import { ReceivedDirectories } from "./parts/received-directories.js";
import type { ServerParts } from "./parts/server-parts.js";
import { Slots } from "./parts/slots.js";
import { sessionService } from "./session-service.js";

/**
 * Serves BuildKit's API: docker's clients build with this machine's store and sandbox. Resolves
 * when the server listens. Throws `server/address` and `server/socket`.
 */
export async function serve(options: ServeOptions = {}): Promise<Server> {
  const root = options.root ?? defaultRoot(process.env);
  const store = openProcessStore({ root, isolation: options.isolation });
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const ended = deferred();
  const parts: ServerParts = {
    root,
    store,
    isolation: options.isolation,
    allow: options.allow ?? [],
    jobs: options.jobs,
    slots: new Slots(options.maxBuilds),
    sessions: new Arrivals<ClientSession>(),
    directories: new ReceivedDirectories(store.temporaryDirectory()),
    signal: ending.signal,
  };
  const solves = new Arrivals<Job>();
  const past = { history: buildHistoryOf(store, () => undefined), watch: new BuildWatch(), now: Date.now };
  const usage = () => measure(store);
  const worker = randomBytes(12).toString("hex");
  const services = [
    ...infoService({ worker }),
    ...sessionService(parts),
    ...controlService({ ...parts, ...past, solves }),
    ...historyServices(past),
    ...diskServices({ usage, prune: (policy) => pruneStore(store, policy), now: Date.now }),
    ...contentServices({ blobs: store.blobs, usage }),
    ...bridgeService({ solves, worker }),
  ];
  const connections = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    serveMethods(socket, services);
  };
  const listening: Listening[] = [];
  const close = async (): Promise<void> => {
    ending.abort();
    for (const { server } of listening) server.close();
    // A solve that ends writes the history, for which a store that is closed would be opened again.
    await Promise.allSettled(Array.from(solves.values(), (job) => Promise.all([job[Symbol.asyncDispose](), job.over.promise])));
    for (const socket of connections) socket.destroy();
    store.close();
    ended.resolve();
  };
  try {
    for (const address of options.addresses ?? [defaultAddress(root)]) {
      const { tls, openToAnyone = false } = options;
      listening.push(await listenAt(address, { tls, openToAnyone, onConnection }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  return { addresses: listening.map(({ address }) => address), ended: ended.promise, close, [Symbol.asyncDispose]: close };
}

/** Returns the socket of this user. */
function defaultAddress(root: string): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const directory = runtime?.startsWith("/") ? join(runtime, "tsbuild") : join(root, "serve");
  return `unix://${join(directory, "serve.sock")}`;
}
