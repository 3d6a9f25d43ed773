import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { NodeMeta } from "../../../core/file-node.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { protocolError } from "../errors.js";
import type { Metadata } from "../grpc/method.js";
import { type Served, type ServerCall, streaming } from "../grpc/server.js";
import { CallRefused, STATUS } from "../grpc/status.js";
import { DIFF_COPY, type PACKET, PACKET_TYPE } from "../messages/session.js";
import { statOf } from "./file-stat.js";

/** Wishes of a builder for the files of a directory. */
export interface FilesRequest {
  readonly name: string;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  /** Paths that are wanted, with what their links lead to; none for all. */
  readonly followPaths: readonly string[];
}

/** A file of a directory that is offered. */
export interface OfferedFile extends NodeMeta {
  /** Path in the same directory that was offered before and is the same file. */
  readonly hardlink?: string;
  /** Place of the bytes; files only. */
  readonly content?: string;
}

/** The directories that a build offers to its builder. */
export interface OfferedDirectories {
  /**
   * Returns the files that are asked for, parents first, names in the order of their bytes.
   * Undefined where the build does not offer them.
   */
  list(request: FilesRequest): Iterable<OfferedFile> | undefined;
}

/** Files and bytes that a builder took. */
export interface SyncCount {
  /** Files whose metadata was sent. */
  offered: number;
  /** Files whose content was sent, and its bytes. */
  sent: number;
  bytes: number;
}

type Packet = ValueOf<typeof PACKET>;
type Call = Pick<ServerCall<Packet, Packet>, "messages" | "send" | "sendAll">;

/** Bytes of content in one packet. */
const PIECE = 256 << 10;

/** Packets of metadata that are sent at once. */
const BATCH = 2048;

/**
 * Serves the directories of a build with fsutil's protocol: this side says what is there, and the
 * builder asks for the content that it does not have from an earlier build.
 */
export function syncFiles(directories: OfferedDirectories, count: SyncCount): Served {
  return streaming(DIFF_COPY, async (call) => {
    const request = readRequest(call.metadata);
    const files = directories.list(request);
    if (!files) throw notOffered(request);
    await sendFiles(call, files, count);
  });
}

/** Sends files to the other side of a call, which asks for the contents that it lacks. */
export async function sendFiles(call: Call, files: Iterable<OfferedFile>, count: SyncCount): Promise<void> {
  await new Transfer(call, count).run(files);
}

/** Makes the answer to a builder that wants what no graph of it reads. The build fails with it. */
function notOffered({ name, excludePatterns }: FilesRequest): CallRefused {
  const what = `the directory "${name}" with ${excludePatterns.length} ignore patterns`;
  return new CallRefused(
    STATUS.PERMISSION_DENIED,
    `the client does not offer ${what}`,
    protocolError(`it asked for ${what}, which the build does not offer`),
  );
}

/** Reads what is asked for. Values with other characters than ASCII are escaped, and say so. */
function readRequest(metadata: Metadata): FilesRequest {
  const values = (name: string): readonly string[] => {
    const found = metadata.get(name) ?? [];
    const escaped = metadata.get(`${name}-encoded`)?.[0] === "1";
    return escaped ? found.map((value) => unescape(value)) : found;
  };
  return {
    name: values("dir-name")[0] ?? "",
    includePatterns: values("include-patterns"),
    excludePatterns: values("exclude-patterns"),
    followPaths: values("followpaths"),
  };
}

function unescape(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    throw protocolError(`"${value}" is no escaped pattern`);
  }
}

/** A file that a builder asked for. */
interface Wanted {
  readonly ID: number;
  readonly path: string;
}

class Transfer {
  readonly #call: Call;
  readonly #count: SyncCount;
  /** Contents that may be asked for, by their numbers. */
  readonly #offered = new Map<number, string>();
  #wanted: Wanted[] = [];
  /** Work on what was asked for so far; undefined while there is none. */
  #sending: Promise<void> | undefined;

  constructor(call: Call, count: SyncCount) {
    this.#call = call;
    this.#count = count;
  }

  async run(files: Iterable<OfferedFile>): Promise<void> {
    // A failure of one side ends the other, which would wait for packets that nobody sends.
    await Promise.all([this.#offer(files), this.#answer()]);
  }

  /** Sends the metadata of all files. The numbers of files follow from their order. */
  async #offer(files: Iterable<OfferedFile>): Promise<void> {
    let number = 0;
    let batch: Packet[] = [];
    for (const file of files) {
      batch.push({ type: PACKET_TYPE.STAT, stat: statOf(file) });
      if (file.content !== undefined) this.#offered.set(number, file.content);
      number++;
      if (batch.length < BATCH) continue;
      await this.#call.sendAll(batch);
      batch = [];
    }
    this.#count.offered += number;
    // The empty one is the last.
    await this.#call.sendAll([...batch, { type: PACKET_TYPE.STAT }]);
  }

  async #answer(): Promise<void> {
    for await (const { type = PACKET_TYPE.STAT, ID = 0, data } of this.#call.messages) {
      if (type === PACKET_TYPE.ERR) throw protocolError(`it could not take the files: ${Buffer.from(data ?? []).toString("utf8")}`);
      if (type === PACKET_TYPE.FIN) {
        await this.#sending;
        return this.#call.send({ type: PACKET_TYPE.FIN });
      }
      if (type !== PACKET_TYPE.REQ) throw protocolError(`it sent a packet of type ${type} where it may only ask for files`);
      const path = this.#offered.get(ID);
      if (path === undefined) throw protocolError(`it asked for file ${ID}, which it was not offered, or twice`);
      this.#offered.delete(ID);
      this.#wanted.push({ ID, path });
      this.#sending ??= this.#sendWanted();
      // The failure is thrown by whoever waits for the end.
      this.#sending.catch(() => undefined);
    }
    throw new CallRefused(STATUS.CANCELLED, "the builder ended the transfer early");
  }

  /** Sends everything that was asked for. Small files share one write. */
  async #sendWanted(): Promise<void> {
    // Requests that are here already are read first.
    await setImmediate();
    let batch: Packet[] = [];
    let size = 0;
    const flush = async (): Promise<void> => {
      const packets = batch;
      batch = [];
      size = 0;
      if (packets.length > 0) await this.#call.sendAll(packets);
    };
    while (this.#wanted.length > 0) {
      const files = this.#wanted;
      this.#wanted = [];
      for (const { ID, path } of files) {
        for (const data of pieces(path)) {
          batch.push({ type: PACKET_TYPE.DATA, ID, data });
          size += data.length;
          this.#count.bytes += data.length;
          if (size >= PIECE) await flush();
        }
        this.#count.sent++;
        batch.push({ type: PACKET_TYPE.DATA, ID });
      }
      await flush();
    }
    this.#sending = undefined;
  }
}

/** Yields the bytes of a file as they are now. */
function* pieces(path: string): Generator<Buffer, void> {
  const file = openSync(path, "r");
  try {
    for (let left = fstatSync(file).size; ; ) {
      const data = Buffer.allocUnsafe(Math.min(PIECE, Math.max(left, 0) + 1));
      const length = readSync(file, data, 0, data.length, null);
      if (length === 0) return;
      left -= length;
      yield data.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
