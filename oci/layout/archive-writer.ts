import { type Pack, pack } from "tar-stream";
import { throwIfAborted } from "../../core/errors.js";
import { drained } from "../../core/tasks/drained.js";
import type { ByteSink } from "./byte-sink.js";

/**
 * A file or folder of an image archive. Its header has no owner and no date, so that it is the same
 * on every machine.
 */
export interface ArchiveMember {
  /** ASCII name. A folder's ends with a slash. */
  readonly name: string;
  readonly mode: number;
  /**
   * Content of a file; undefined for a folder. A stream yields exactly `size` bytes, in chunks that
   * are not reused.
   */
  readonly content?: Uint8Array | { readonly size: number; readonly open: () => AsyncIterable<Uint8Array> };
}

/**
 * Writes a tar to a sink, member after member, each opened when it is its turn. Leaves the sink
 * open. Buffers nothing: the next chunk is read when the sink has taken the last.
 */
export async function writeArchive(
  members: Iterable<ArchiveMember>,
  sink: ByteSink,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((bytes: number) => void) | undefined } = {},
): Promise<void> {
  const archive = pack();
  const produce = async (): Promise<void> => {
    for (const member of members) {
      if (archive.destroyed) return;
      await put(archive, member);
    }
    archive.finalize();
  };
  const produced = produce().catch((error: Error) => archive.destroy(error));
  let written = 0;
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      throwIfAborted(options.signal);
      const waiting = sink.write(chunk);
      if (waiting !== undefined) await waiting;
      written += chunk.length;
      options.onProgress?.(written);
    }
  } finally {
    // Leaving the loop ended the archive. Now the member that was read for it is closed as well.
    await produced;
  }
}

async function put(archive: Pack, { name, mode, content }: ArchiveMember): Promise<void> {
  const size = content === undefined ? 0 : content instanceof Uint8Array ? content.length : content.size;
  const type = content === undefined ? "directory" : "file";
  let failure: Error | undefined;
  let complete = (): void => undefined;
  const completed = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const entry = archive.entry({ name, mode, size, uid: 0, gid: 0, mtime: new Date(0), type }, (error) => {
    failure = error ?? undefined;
    complete();
  });
  entry.on("error", (error: Error) => {
    failure ??= error;
  });
  if (content !== undefined) {
    let given = 0;
    for await (const chunk of content instanceof Uint8Array ? [content] : content.open()) {
      given += chunk.length;
      if (chunk.length > 0 && !entry.write(chunk)) await drained(entry);
      if (entry.destroyed) break;
    }
    if (!entry.destroyed && given !== size) throw new Error(`internal: tar entry ${name} got ${given} bytes instead of ${size}`);
    entry.end(undefined);
  }
  await completed;
  if (failure !== undefined) throw failure;
}
