import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LayerId } from "../../../cache/contract/layers.js";
import { systemErrorCode } from "../../../core/errors.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import type { Ports } from "../../ports.js";
import { extractContent } from "../../layers/pack.js";
import type { LayerAccess } from "../../layers/layer-access.js";
import type { Reporter } from "../../layers/ports.js";
import type { StepResult } from "../../result.js";

/** An input as a tree that can be looked into: a context as it is, a stack of layers through its TOCs. */
export async function treeOfInput(input: StepResult, layers: LayerAccess, reporter: Reporter): Promise<FileTree> {
  return input.kind === "tree" ? input.tree : layers.view(input.layers, reporter);
}

/** Files of layers that belong to mapped ids are read by the worker. */
export type FileReading = Ports<"layers" | "sandboxes">;

/** Reads a whole file of a tree (user tables, archives); the path is resolved already. */
export async function readTreeFile(tree: FileTree, path: string, ports: FileReading, reporter: Reporter): Promise<Uint8Array> {
  const source = tree.content(path);
  switch (source.kind) {
    case "bytes":
      return source.data;
    case "path":
      return readFileSync(fsPath(source.path));
    case "layer":
      return readLayerFile(source.layer as LayerId, source.path, ports, reporter);
  }
}

/** From the layer's snapshot where this process may read it there, else from its blob or through the worker. */
async function readLayerFile(layer: LayerId, path: string, { layers, sandboxes }: FileReading, reporter: Reporter): Promise<Uint8Array> {
  const record = layers.record(layer);
  if (!record.unpacked) return readFileSync((await extractContent(layers, layer, [path], reporter))(path));
  const file = join(await layers.snapshot(layer, reporter), path);
  try {
    return readFileSync(fsPath(file));
  } catch (error) {
    if (systemErrorCode(error) !== "EACCES") throw error;
    return (await sandboxes.worker()).task<Uint8Array>("readFile", { path: file }, { signal: reporter.signal });
  }
}
