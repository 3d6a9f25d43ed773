import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { LayerId } from "../../../cache/contract/layers.js";
import { systemErrorCode } from "../../../core/errors.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import type { Ports, Sandboxes } from "../../ports.js";
import type { LayerAccess } from "../../layers/layer-access.js";
import type { Reporter } from "../../layers/ports.js";
import type { StepResult } from "../../result.js";

/** Returns the tree of an input: a context as it is, a stack of layers as its TOCs describe it. */
export async function treeOfInput(input: StepResult, layers: LayerAccess, reporter: Reporter): Promise<FileTree> {
  return input.kind === "tree" ? input.tree : layers.view(input.layers, reporter);
}

/** Ports for reading files of layers. The worker reads files that belong to mapped ids. */
export type FileReading = Ports<"layers"> & { readonly sandboxes: Pick<Sandboxes, "worker"> };

/**
 * Reads a whole file of a tree, such as a user table or an archive. Expects a path whose links are
 * resolved.
 */
export async function readTreeFile(tree: FileTree, path: string, ports: FileReading, reporter: Reporter): Promise<Uint8Array> {
  const source = tree.content(path);
  switch (source.kind) {
    case "bytes":
      return source.data;
    case "path":
      return readFileSync(fsPath(source.path));
    case "part":
      return readPart(source.path, source.start, tree.lookup(path)?.size ?? 0);
    case "layer":
      return readLayerFile(source.layer as LayerId, source.path, ports, reporter);
  }
}

function readPart(path: string, start: number, size: number): Uint8Array {
  const fd = openSync(fsPath(path), "r");
  try {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, start));
  } finally {
    closeSync(fd);
  }
}

/**
 * Reads a file of a layer: from the blob of a layer that is not unpacked, else from its snapshot.
 * Asks the worker for files of the snapshot that this process may not read.
 */
async function readLayerFile(layer: LayerId, path: string, { layers, sandboxes }: FileReading, reporter: Reporter): Promise<Uint8Array> {
  const record = layers.record(layer);
  if (!record.unpacked) return readFileSync((await layers.files(layer, [path], reporter))(path));
  const file = join(await layers.snapshot(layer, reporter), path);
  try {
    return readFileSync(fsPath(file));
  } catch (error) {
    if (systemErrorCode(error) !== "EACCES") throw error;
    return (await sandboxes.worker()).task<Uint8Array>("readFile", { path: file }, { signal: reporter.signal });
  }
}
