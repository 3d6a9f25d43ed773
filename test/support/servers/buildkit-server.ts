import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import { type Served, serve, single, streaming } from "../../../solver/buildkit/grpc/server.js";
import { STATUS } from "../../../solver/buildkit/grpc/status.js";
import { tunnel } from "../../../solver/buildkit/grpc/tunnel.js";
import {
  LIST_WORKERS,
  SESSION,
  SOLVE,
  type SOLVE_REQUEST,
  STATUS_OF,
  type STATUS_RESPONSE,
} from "../../../solver/buildkit/messages/control.js";
import { CONTENT_WRITE, DIFF_COPY, PACKET_TYPE, type STAT, WRITE_ACTION } from "../../../solver/buildkit/messages/session.js";
import { sha256 } from "../../../core/digest.js";
import { type Deferred, deferred } from "../../../core/tasks/deferred.js";
import { DEFINITION } from "../../../llb/wire/definition.js";
import { decode, type ValueOf } from "../../../llb/wire/message.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { tarOf, type TestEntry } from "../images/images.js";

type Status = ValueOf<typeof STATUS_RESPONSE>;

/** A file of a client's directory. */
interface SyncedFile {
  readonly stat: ValueOf<typeof STAT>;
  readonly number: number;
  readonly content?: Buffer;
}

interface SyncRequest {
  readonly name: string;
  readonly exclude?: readonly string[];
  readonly include?: readonly string[];
  readonly follow?: readonly string[];
  /** Returns true for a file whose content is asked for. Default: for all. */
  readonly want?: (path: string) => boolean;
  /** Numbers that are asked for besides. */
  readonly numbers?: readonly number[];
}

/** One solve, as a fake of a builder sees it. */
export class FakeSolve {
  readonly request: ValueOf<typeof SOLVE_REQUEST>;
  /** Vertices of the definition by their names, and the digests of all, in order. */
  readonly vertices: ReadonlyMap<string, string>;
  readonly session: Channel;
  /** Aborted when the client has given the solve up. */
  readonly signal: AbortSignal;
  readonly status: (status: Status) => Promise<void>;

  constructor(request: ValueOf<typeof SOLVE_REQUEST>, parts: Pick<FakeSolve, "session" | "signal" | "status">) {
    this.request = request;
    this.session = parts.session;
    this.signal = parts.signal;
    this.status = parts.status;
    const { metadata = new Map() } = decode(DEFINITION, request.Definition ?? new Uint8Array());
    this.vertices = new Map([...metadata].map(([digest, { description }]) => [description?.get("llb.customname") ?? "", digest]));
  }

  /** Reports a vertex as BuildKit does: started, and ended. */
  vertex(name: string, ended: { readonly cached?: boolean; readonly error?: string } = {}): Promise<void> {
    const at = { seconds: 1_700_000_000 };
    return this.status({ vertexes: [{ digest: this.vertices.get(name) ?? "", name, started: at, completed: at, ...ended }] });
  }

  log(name: string, text: string): Promise<void> {
    return this.status({ logs: [{ vertex: this.vertices.get(name) ?? "", stream: 1, msg: Buffer.from(text) }] });
  }

  /** Takes a directory of the client. */
  async sync({
    name,
    exclude = [],
    include = [],
    follow = [],
    want = () => true,
    numbers = [],
  }: SyncRequest): Promise<ReadonlyMap<string, SyncedFile>> {
    const metadata = { "dir-name": name, "exclude-patterns": [...exclude], "include-patterns": [...include], followpaths: [...follow] };
    const call = this.session.call(DIFF_COPY, { metadata });
    const files = new Map<string, SyncedFile>();
    const contents = new Map<number, Buffer[]>();
    let waiting = 0;
    for await (const { type = PACKET_TYPE.STAT, stat, ID = 0, data } of call.messages) {
      if (type === PACKET_TYPE.STAT && stat) {
        files.set(stat.path ?? "", { stat, number: files.size });
      } else if (type === PACKET_TYPE.STAT) {
        const wanted = [...files.values()].filter(
          ({ stat: { mode = 0, path = "", linkname = "" } }) => mode < 2 ** 20 && linkname === "" && want(path),
        );
        for (const number of [...wanted.map((file) => file.number), ...numbers]) {
          waiting++;
          contents.set(number, []);
          await call.send({ type: PACKET_TYPE.REQ, ID: number });
        }
        if (waiting === 0) await call.send({ type: PACKET_TYPE.FIN });
      } else if (type === PACKET_TYPE.DATA && data && data.length > 0) {
        contents.get(ID)?.push(Buffer.from(data));
      } else if (type === PACKET_TYPE.DATA) {
        waiting--;
        if (waiting === 0) await call.send({ type: PACKET_TYPE.FIN });
      }
      if (type === PACKET_TYPE.FIN) break;
    }
    return new Map(
      [...files].map(([path, file]) => {
        const content = contents.get(file.number);
        return [path, content ? { ...file, content: Buffer.concat(content) } : file];
      }),
    );
  }

  /**
   * Puts a blob into the client's store. `claimed` is the digest that it is announced with. Returns
   * false where the client has it.
   */
  async put(data: Buffer, claimed: string = sha256(data), store = "export"): Promise<boolean> {
    const call = this.session.call(CONTENT_WRITE, { metadata: { "buildkit-attachable-store-id": store } });
    const answers = call.messages[Symbol.asyncIterator]();
    const size = data.length;
    try {
      await call.send({ action: WRITE_ACTION.STAT, ref: `layer-${claimed}`, total: size, expected: claimed });
      await answers.next();
      for (let offset = 0; offset < size; offset += 1 << 16) {
        await call.send({ action: WRITE_ACTION.WRITE, offset, data: data.subarray(offset, offset + (1 << 16)) });
        await answers.next();
      }
      await call.send({ action: WRITE_ACTION.COMMIT, offset: size, total: size, expected: claimed });
      await answers.next();
      call.end();
      return true;
    } catch (error) {
      if (error instanceof Error && "status" in error && error.status === STATUS.ALREADY_EXISTS) return false;
      throw error;
    }
  }

  /** Puts an image of these layers into the client's store. Returns the attributes of the solve. */
  async image(
    layers: readonly (readonly TestEntry[])[],
    { without = [] }: { readonly without?: readonly number[] } = {},
  ): Promise<Map<string, string>> {
    const tars = layers.map((entries) => tarOf(entries));
    const descriptors = tars.map((tar) => ({ mediaType: mediaTypes.ociLayer, digest: sha256(tar), size: tar.length }));
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        rootfs: { type: "layers", diff_ids: tars.map((tar) => sha256(tar)) },
        history: tars.map(() => ({ created: "2024-01-02T03:04:05Z" })),
      }),
    );
    const describe = (mediaType: string, data: Buffer) => ({ mediaType, digest: sha256(data), size: data.length });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: describe(mediaTypes.ociConfig, config),
        layers: descriptors,
      }),
    );
    for (const [index, tar] of tars.entries()) if (!without.includes(index)) await this.put(tar);
    await this.put(config);
    await this.put(manifest);
    return descriptorAttribute(describe(mediaTypes.ociManifest, manifest));
  }
}

/** Returns the attributes that say which image a solve made. */
export function descriptorAttribute(descriptor: unknown): Map<string, string> {
  return new Map([["containerimage.descriptor", Buffer.from(JSON.stringify(descriptor)).toString("base64")]]);
}

/** A behaviour of a fake builder: what it does with a solve. */
export type Behaviour = (solve: FakeSolve) => Promise<Map<string, string>>;

export interface FakeBuildKit {
  /** Address for `--builder`. */
  readonly address: string;
  /** Solves that began. */
  readonly solves: readonly FakeSolve[];
  /** Connections, to be cut. */
  readonly connections: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** Messages about a solve, for its client. */
interface Heard {
  readonly queue: Status[];
  wake: Deferred<void>;
  ended: boolean;
}

/** Returns the member of a map, which is made when it is asked for first. */
function memberOf<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * Starts a builder on a socket in `directory`. It speaks BuildKit's API, and does with solves what
 * its behaviour says.
 */
export async function startBuildKit(directory: string, behave: Behaviour, name = "buildkit.sock"): Promise<FakeBuildKit> {
  const path = join(directory, name);
  const sessions = new Map<string, Channel>();
  const arrivals = new Map<string, Deferred<Channel>>();
  const arrival = (id: string): Deferred<Channel> => memberOf(arrivals, id, () => deferred<Channel>());
  const statuses = new Map<string, Heard>();
  const statusOf = (ref: string) => memberOf(statuses, ref, () => ({ queue: [], wake: deferred(), ended: false }));
  const solves: FakeSolve[] = [];
  const methods: readonly Served[] = [
    single(LIST_WORKERS, async () => ({ record: [{ ID: "fake", platforms: [{ OS: "linux", Architecture: "amd64" }] }] })),
    single(SOLVE, async (request, { signal }) => {
      const session = await arrival(request.Session ?? "").promise;
      const heard = statusOf(request.Ref ?? "");
      const status = async (one: Status): Promise<void> => {
        heard.queue.push(one);
        heard.wake.resolve();
      };
      const solve = new FakeSolve(request, { session, signal, status });
      solves.push(solve);
      try {
        return { ExporterResponse: await behave(solve) };
      } finally {
        heard.ended = true;
        heard.wake.resolve();
      }
    }),
    streaming(STATUS_OF, async ({ messages, send }) => {
      for await (const { Ref = "" } of messages) {
        const heard = statusOf(Ref);
        for (;;) {
          for (const one of heard.queue.splice(0)) await send(one);
          if (heard.ended && heard.queue.length === 0) return;
          await heard.wake.promise;
          heard.wake = deferred();
        }
      }
    }),
    streaming(SESSION, async ({ metadata, messages, send }) => {
      const id = metadata.get("x-docker-expose-session-uuid")?.[0] ?? "";
      const ended = deferred();
      const stream = tunnel({ messages, send, end: () => ended.resolve() });
      const channel = new Channel(stream, "the client");
      sessions.set(id, channel);
      arrival(id).resolve(channel);
      stream.once("close", () => ended.resolve());
      await ended.promise;
    }),
  ];
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    serve(socket, methods);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    address: `unix://${path}`,
    solves,
    connections,
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
