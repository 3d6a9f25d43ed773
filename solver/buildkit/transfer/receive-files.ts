import { chmodSync, closeSync, constants, fchmodSync, linkSync, lstatSync, mkdirSync, openSync, symlinkSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import type { NodeMeta } from "../../../core/file-node.js";
import { mknod, S_IFIFO } from "../../../core/system/posix.js";
import { removeTree } from "../../../core/system/remove-tree.js";
import { writeAll } from "../../../core/system/write-all.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { setTimes, setXattrs } from "../../../oci/layer/read/set-metadata.js";
import { protocolError } from "../errors.js";
import type { Channel, ClientCall } from "../grpc/channel.js";
import { DIFF_COPY, type PACKET, PACKET_TYPE } from "../messages/session.js";
import { readStat } from "./file-stat.js";
import type { FilesRequest } from "./sync-files.js";

type Packet = ValueOf<typeof PACKET>;
type Received = ReturnType<typeof readStat>;

/** Most files of one directory. */
const MOST_FILES = 2_000_000;

/**
 * Bits of a directory that this process can change. A directory gets its own mode behind all
 * others, and these again before the next transfer.
 */
const OPEN_MODE = 0o700;

/** A file that the other side was asked for. */
interface Pending {
  readonly meta: Received;
  readonly fd: number;
}

/**
 * A directory of this machine with the files that another one has, or a part of them. Only files
 * that changed since the last transfer are sent. Note that nothing that the other side says leads
 * out of the directory: a path has no `..`, and each directory on the way to it was made by the
 * same transfer, so that none of them is a link.
 */
export class ReceivedDirectory {
  readonly path: string;
  /** Metadata of the files that are there, as it was sent. */
  #files = new Map<string, string>();
  #directories = new Map<string, NodeMeta>();

  /** `path` is a new directory that is entered by this user only. */
  constructor(path: string) {
    this.path = path;
  }

  /** Brings the directory to the state that the other side has. It is empty after a failure. */
  async receive(channel: Channel, request: FilesRequest, signal: AbortSignal): Promise<ReceiveCount> {
    const call = channel.call(DIFF_COPY, { signal, metadata: metadataOf(request) });
    try {
      const transfer = new Reception({ call, root: this.path, files: this.#files, directories: this.#directories });
      await transfer.run();
      this.#files = transfer.files;
      this.#directories = transfer.directories;
      return transfer.count;
    } catch (error) {
      call.cancel();
      this.clear();
      throw error;
    }
  }

  /** Removes all files. */
  clear(): void {
    openAll(this.path, this.#directories);
    this.#files = new Map();
    this.#directories = new Map();
    removeTree(this.path);
    mkdirSync(this.path, { mode: OPEN_MODE });
  }
}

/** Files and bytes that were sent. */
export interface ReceiveCount {
  readonly files: number;
  readonly bytes: number;
}

interface ReceptionParts {
  readonly call: ClientCall<Packet, Packet>;
  readonly root: string;
  readonly files: ReadonlyMap<string, string>;
  readonly directories: ReadonlyMap<string, NodeMeta>;
}

/** One transfer. */
class Reception {
  readonly files = new Map<string, string>();
  readonly directories = new Map<string, NodeMeta>();
  readonly #call: ReceptionParts["call"];
  readonly #root: string;
  readonly #before: Map<string, string>;
  readonly #pending = new Map<number, Pending>();
  /** Requests that wait to be sent, so that no packet of the other side waits for them. */
  #asking: Promise<void> = Promise.resolve();
  #listed = false;
  #number = 0;
  #asked = 0;
  #bytes = 0;

  constructor({ call, root, files, directories }: ReceptionParts) {
    this.#call = call;
    this.#root = root;
    this.#before = new Map(files);
    openAll(root, directories);
  }

  get count(): ReceiveCount {
    return { files: this.#asked, bytes: this.#bytes };
  }

  async run(): Promise<void> {
    try {
      for await (const { type = PACKET_TYPE.STAT, stat, ID = 0, data } of this.#call.messages) {
        if (type === PACKET_TYPE.FIN) break;
        if (type === PACKET_TYPE.ERR)
          throw protocolError(`the client could not send its files: ${Buffer.from(data ?? []).toString("utf8")}`);
        if (type === PACKET_TYPE.STAT && stat) this.#take(readStat(stat));
        else if (type === PACKET_TYPE.STAT) this.#endOfList();
        else if (type === PACKET_TYPE.DATA) this.#data(ID, data ?? new Uint8Array());
        else throw protocolError(`a packet of type ${type} stands where files are received`);
      }
    } finally {
      for (const { fd } of this.#pending.values()) closeSync(fd);
    }
    if (!this.#listed || this.#pending.size > 0) throw protocolError("the client ended the transfer of its files early");
    await this.#asking;
    this.#call.end();
    for (const { path, mode, mtime } of [...this.directories.values()].reverse()) {
      chmodSync(this.#place(path), mode);
      setTimes(this.#place(path), mtime);
    }
  }

  /** Takes the metadata of a file, and asks for its content where it is another than before. */
  #take(meta: Received): void {
    const { path } = meta;
    if (this.#listed) throw protocolError(`"${path}" follows the end of the list`);
    const number = this.#number++;
    if (number >= MOST_FILES) throw protocolError(`a directory has more than ${MOST_FILES} files`);
    const above = dirname(path);
    if (above !== "." && !this.directories.has(above)) throw protocolError(`"${path}" stands before its directory`);
    if (this.files.has(path)) throw protocolError(`"${path}" stands there twice`);
    const key = keyOf(meta);
    const known = this.#before.get(path);
    this.#before.delete(path);
    this.files.set(path, key);
    if (meta.type === "dir") {
      this.directories.set(path, meta);
      if (known === undefined || !isDirectoryKey(known)) this.#replace(path, () => mkdirSync(this.#place(path), { mode: OPEN_MODE }));
      return;
    }
    if (known === key && isDated(meta)) return;
    this.#replace(path, () => this.#make(meta, number));
  }

  #make(meta: Received, number: number): void {
    const { path, type, hardlink, link = "", mtime } = meta;
    const place = this.#place(path);
    if (hardlink !== undefined) {
      const target = this.files.get(hardlink);
      if (target === undefined || isDirectoryKey(target))
        throw protocolError(`"${path}" is a link to "${hardlink}", which is no file before it`);
      linkSync(this.#place(hardlink), place);
    } else if (type === "symlink") {
      symlinkSync(link, place);
      setTimes(place, mtime);
    } else if (type === "fifo") {
      mknod(place, S_IFIFO | 0o600);
      chmodSync(place, meta.mode);
      setTimes(place, mtime);
    } else if (type === "file") {
      const fd = openSync(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      this.#pending.set(number, { meta, fd });
      this.#asked++;
      this.#ask({ type: PACKET_TYPE.REQ, ID: number });
    } else throw protocolError(`"${path}" is a device, which no client sends`);
  }

  /** Makes a node where another one may be. */
  #replace(path: string, make: () => void): void {
    const place = this.#place(path);
    const old = lstatSync(place, { throwIfNoEntry: false });
    if (old?.isDirectory()) {
      removeTree(place);
      for (const below of this.#before.keys()) if (below.startsWith(`${path}/`)) this.#before.delete(below);
    } else if (old) unlinkSync(place);
    make();
  }

  /** Removes what the other side does not have any more. */
  #endOfList(): void {
    this.#listed = true;
    for (const path of [...this.#before.keys()].sort().reverse()) removeTree(this.#place(path));
    this.#finish();
  }

  #data(number: number, data: Uint8Array): void {
    const pending = this.#pending.get(number);
    if (!pending) throw protocolError(`content stands there for file ${number}, which was not asked for`);
    if (data.length > 0) {
      this.#bytes += data.length;
      return writeAll(pending.fd, data);
    }
    const { meta, fd } = pending;
    this.#pending.delete(number);
    const place = this.#place(meta.path);
    try {
      fchmodSync(fd, meta.mode);
      setXattrs(place, { ...meta, xattrs: onlyUser(meta.xattrs) });
    } finally {
      closeSync(fd);
    }
    setTimes(place, meta.mtime);
    this.#finish();
  }

  #finish(): void {
    if (this.#listed && this.#pending.size === 0) this.#ask({ type: PACKET_TYPE.FIN });
  }

  #ask(packet: Packet): void {
    this.#asking = this.#asking.then(() => this.#call.send(packet));
    // A lost connection is reported by the packets that do not come.
    this.#asking.catch(() => undefined);
  }

  #place(path: string): string {
    return `${this.#root}/${path}`;
  }
}

/** Lets this process into directories again. */
function openAll(root: string, directories: ReadonlyMap<string, NodeMeta>): void {
  for (const { path, mode } of directories.values()) if ((mode & OPEN_MODE) !== OPEN_MODE) chmodSync(`${root}/${path}`, mode | OPEN_MODE);
}

/**
 * Returns the attributes that hold nothing but data: others would say something of this machine.
 */
function onlyUser(xattrs: NodeMeta["xattrs"] = {}): NonNullable<NodeMeta["xattrs"]> {
  return Object.fromEntries(Object.entries(xattrs).filter(([name]) => name.startsWith("user.")));
}

/** Returns a text that is equal for files that are the same to the sender. */
function keyOf({ type, mode, size, mtime, link, hardlink, xattrs }: Received): string {
  return type === "dir" ? DIRECTORY : JSON.stringify([type, mode, size, mtime, link, hardlink, xattrs]);
}

/**
 * Reports whether a file can be known by its time. Note that we ask again for a file whose
 * time is a whole second, because docker's clients name a directory by the last part of its path:
 * two projects from archives may have `app/config` with one size and one time. BuildKit takes the
 * content of the one for the other.
 */
function isDated({ type, mtime }: Received): boolean {
  return type !== "file" || mtime.nsec !== 0;
}

const DIRECTORY = "directory";

function isDirectoryKey(key: string): boolean {
  return key === DIRECTORY;
}

/**
 * Returns the wishes as metadata. Other characters than ASCII are escaped, as in BuildKit.
 */
function metadataOf({ name, includePatterns, excludePatterns, followPaths }: FilesRequest): Record<string, string[]> {
  const values = { "dir-name": [name], "include-patterns": includePatterns, "exclude-patterns": excludePatterns, followpaths: followPaths };
  const metadata: Record<string, string[]> = {};
  for (const [key, list] of Object.entries(values)) {
    if (list.length === 0) continue;
    const plain = list.every((value) => /^[\x20-\x7e]*$/.test(value));
    metadata[key] = plain ? [...list] : list.map((value) => encodeURIComponent(value).replaceAll("%20", "+"));
    if (!plain) metadata[`${key}-encoded`] = ["1"];
  }
  return metadata;
}
