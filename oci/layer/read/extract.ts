import { closeSync, copyFileSync, openSync, rmSync } from "node:fs";
import { fileMissing } from "../model/errors.js";
import { type Cancellation, readLayer } from "./read-layer.js";
import type { LayerTasks } from "../model/tasks.js";
import { writeAll } from "../../../core/system/write-all.js";

type Params = Parameters<LayerTasks["extract"]>[0];

/**
 * Extracts files. Writes content while the layer is read, as soon as an entry with a wanted name
 * comes; a later entry of that name writes again. A wanted name that proves to be a hard link to an
 * unwanted name needs a second pass over the layer.
 */
export async function extract(params: Params, context?: Cancellation): Promise<void> {
  const wanted = new Map<string, string[]>();
  for (const { path, dest } of params.files) wanted.set(path, [...(wanted.get(path) ?? []), dest]);
  const options = { literal: params.literal ?? false, context };
  /**
   * Places to which the content of an entry (by its position in the tar) was written, as long as no
   * other entry replaced it.
   */
  const written = new Map<number, string>();
  const holders = new Map<string, number>();
  const writer = new FileWriter();
  try {
    const { tree } = await readLayer(
      params.blob,
      {
        entry(changes, inode) {
          const last = changes.at(-1);
          const dests = inode && last ? wanted.get(last.path) : undefined;
          if (!inode || !dests) return;
          const dest = dests[0] as string;
          const replaced = holders.get(dest);
          if (replaced !== undefined) written.delete(replaced);
          holders.set(dest, inode.ordinal);
          written.set(inode.ordinal, dest);
          writer.open(dest);
        },
        data: (chunk) => writer.write(chunk),
        end: () => writer.close(),
      },
      options,
    );
    for (const [path, dests] of wanted) {
      const holder = holders.get(dests[0] as string);
      // A later entry replaced the name: its file will be written again.
      if (holder !== undefined && tree.inode(path)?.ordinal !== holder) written.delete(holder);
    }
    const missing = new Map<number, string>();
    const copies: { from: number; to: string }[] = [];
    for (const [path, dests] of wanted) {
      const inode = tree.inode(path);
      if (inode?.meta.type !== "file") throw fileMissing(params.blob, path);
      if (!written.has(inode.ordinal) && !missing.has(inode.ordinal)) missing.set(inode.ordinal, dests[0] as string);
      for (const dest of dests) copies.push({ from: inode.ordinal, to: dest });
    }
    if (missing.size > 0) {
      const second = {
        entry(_: unknown, inode: { readonly ordinal: number } | undefined) {
          const dest = inode && missing.get(inode.ordinal);
          if (!inode || dest === undefined) return;
          writer.open(dest);
          written.set(inode.ordinal, dest);
        },
        data: (chunk: Buffer) => writer.write(chunk),
        end: () => writer.close(),
      };
      await readLayer(params.blob, second, options);
    }
    for (const { from, to } of copies) {
      const source = written.get(from) as string;
      if (source !== to) copyFileSync(source, to);
    }
  } catch (error) {
    writer.close();
    for (const { dest } of params.files) rmSync(dest, { force: true });
    throw error;
  }
}

/** Writes files, one open at a time. */
class FileWriter {
  #fd: number | undefined;

  open(path: string): void {
    this.#fd = openSync(path, "w", 0o600);
  }

  write(chunk: Buffer): void {
    if (this.#fd !== undefined) writeAll(this.#fd, chunk);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
