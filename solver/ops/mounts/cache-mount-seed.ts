import { badSeed } from "./errors.js";
import type { TsbuildError } from "../../../core/errors.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree, PackEntry } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import type { Ports } from "../../ports.js";
import { packLayer } from "../../layers/pack.js";
import type { Reporter } from "../../layers/ports.js";
import type { StepResult } from "../../result.js";
import type { CacheMount } from "./cache-mount-name.js";
import { explainMissingSource, type MountInputs, nameOfSource } from "./mount-source.js";
import { subtreeDigest } from "../file/selection.js";
import { subtreeAt } from "../file/subtree.js";
import { treeOfInput } from "../inputs/input-tree.js";

/** Initial files of a cache mount: those of `from` and `source`. */
export interface Seed {
  /** Digest of the files. With other files it is another cache, as in BuildKit. */
  readonly digest: string;
  readonly root: NodeMeta;
  /** Unpacks the files into an empty directory. */
  fill(directory: string): Promise<void>;
}

/** Finds the first content of a cache mount. Throws `build/cache-mount-from` for a file. */
export async function seedOf(
  mount: CacheMount,
  input: StepResult,
  sources: MountInputs,
  { layers, past }: Ports<"layers" | "past">,
  reporter: Reporter,
): Promise<Seed> {
  const tree = await treeOfInput(input, layers, reporter);
  const { path, node } = resolvePath(tree, mount.selector);
  if (node?.type !== "dir") throw noDirectory(tree, mount, nameOfSource(sources, mount.dest));
  return {
    digest: await subtreeDigest(tree, path, { signal: reporter.signal, onSelected: past.selections.note }),
    root: node,
    fill: async (directory) => {
      const layer = await packLayer(layers, { entries: entriesBelow(tree, path) }, { type: "uncompressed" }, reporter, { clamp: false });
      await layers.reading(layer, reporter, ({ blob, path: file }) =>
        layers.tasks.apply({ blob: file, mediaType: blob.mediaType, dest: directory }, { signal: reporter.signal }),
      );
    },
  };
}

/** Returns everything below a directory, by paths that begin there. */
function entriesBelow(tree: FileTree, directory: string): readonly PackEntry[] {
  const entries: PackEntry[] = [];
  for (const { path, relative, node } of subtreeAt(tree, directory).entries) {
    if (relative === "") continue;
    entries.push({ ...node, path: relative, ...(node.type === "file" ? { source: tree.content(path) } : {}) });
  }
  return entries;
}

function noDirectory(tree: FileTree, { id, selector }: CacheMount, where: string): TsbuildError {
  const missing = explainMissingSource(tree, { selector, where });
  const shown = missing?.shown ?? selector;
  return badSeed(id, shown, where, missing);
}
