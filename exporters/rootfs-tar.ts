import type { Writable } from "node:stream";
import { throwIfAborted } from "../core/errors.js";
import { withExportSink } from "./export-sink.js";
import type { NodeMeta, Timestamp } from "../core/file-node.js";
import { IMPLIED_DIRECTORY } from "../oci/layer/model/view.js";
import { padding, type TarHeader } from "../oci/tar/header.js";
import { encodeHeader, END_MARKER_SIZE } from "../oci/tar/writer.js";
import type { ExportContext, ExportImage, Exporter } from "./exporter.js";
import { requireLayers } from "./require-layers.js";
import { streamFiles } from "./layer-stream.js";
import { attestationsOf, planImages, platformFolders, type RootfsPlan } from "./rootfs-plan.js";

const ZEROS = Buffer.alloc(END_MARKER_SIZE);

/** Header of a statement's file. */
const STATEMENT = { type: "file", mode: 0o600, uid: 0, gid: 0 } as const;

function now(): Timestamp {
  return { sec: Math.floor(Date.now() / 1000), nsec: 0 };
}

type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * Returns the exporter of `type=tar`: the root filesystem as one tar with the image's owners, modes
 * and xattrs; several platforms in a folder each, or as `platformSplit` says. Reads each layer
 * once, so files come in the order of their layers, after all directories and links. Unpacks
 * nothing.
 */
export function rootfsTar(options: {
  readonly dest: string | Writable;
  readonly platformSplit?: boolean;
  readonly attestationPrefix?: string;
}): Exporter {
  return {
    name: "exporting to client tarball",
    async export(request, context) {
      requireLayers(request, context);
      const mtime = request.epoch === undefined ? undefined : { sec: Math.floor(request.epoch / 1000), nsec: 0 };
      const folders = platformFolders(request.images, options.platformSplit);
      const plans = await planImages(request.images, folders, context.signal);
      let sent = 0;
      await withExportSink(options.dest, context, async (sink) => {
        const write: Write = async (bytes) => {
          throwIfAborted(context.signal);
          const waiting = sink.write(bytes);
          if (waiting !== undefined) await waiting;
          sent += bytes.length;
          context.progress("sending tarball", sent, undefined, false);
        };
        for (const [index, image] of request.images.entries()) {
          const prefix = folders[index] === "" ? "" : `${folders[index]}/`;
          if (prefix !== "") await write(encodeHeader({ ...IMPLIED_DIRECTORY, name: prefix, mtime: mtime ?? IMPLIED_DIRECTORY.mtime }));
          const plan = plans[index] as RootfsPlan;
          const split = prefix !== "" || request.images.length === 1;
          const statements = await attestationsOf(image, plan, { prefix: options.attestationPrefix, split });
          await writeImage(image, plan, { prefix, mtime, write, context });
          for (const { name, bytes } of statements) {
            await write(encodeHeader({ ...STATEMENT, name: prefix + name, size: bytes.length, mtime: mtime ?? now() }));
            await write(bytes);
            await write(ZEROS.subarray(0, padding(bytes.length)));
          }
        }
        await write(ZEROS);
      });
      context.progress("sending tarball", sent, sent, true);
      return { metadata: {} };
    },
  };
}

async function writeImage(
  image: ExportImage,
  plan: RootfsPlan,
  {
    prefix,
    mtime,
    write,
    context,
  }: { readonly prefix: string; readonly mtime: Timestamp | undefined; readonly write: Write; readonly context: ExportContext },
): Promise<void> {
  for (const entry of [...plan.directories, ...plan.others]) await write(encodeHeader(header(entry, prefix + entry.path, mtime)));
  for (const [index, layer] of image.layers.entries()) {
    const wanted = plan.files[index] as RootfsPlan["files"][number];
    if (wanted.size === 0) continue;
    let pending: Buffer[] = [];
    const files = (path: string, from: TarHeader) => {
      const file = wanted.get(path);
      if (file === undefined) return undefined;
      const [first, ...links] = file.names;
      const own = { ...header(file.meta, prefix + first, mtime), size: from.size };
      pending.push(encodeHeader(own));
      return {
        // The reader's buffer is used again before a slow stream has taken this.
        data: (chunk: Buffer) => void pending.push(Buffer.from(chunk)),
        end: () => {
          pending.push(ZEROS.subarray(0, padding(from.size)));
          for (const link of links) {
            pending.push(encodeHeader({ ...own, name: prefix + link, type: "hardlink", link: prefix + first, size: 0 }));
          }
        },
      };
    };
    await streamFiles(layer, context, files, async () => {
      const bytes = pending;
      pending = [];
      for (const part of bytes) if (part.length > 0) await write(part);
    });
  }
}

function header(entry: NodeMeta, name: string, mtime: Timestamp | undefined): TarHeader {
  return {
    name,
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: 0,
    mtime: mtime ?? entry.mtime,
    ...(entry.link === undefined ? {} : { link: entry.link }),
    ...(entry.device === undefined ? {} : { device: entry.device }),
    ...(entry.xattrs === undefined ? {} : { xattrs: entry.xattrs }),
  };
}
