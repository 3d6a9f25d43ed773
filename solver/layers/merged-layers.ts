import type { LayerId } from "../../cache/contract/layers.js";
import type { FileTree, PackEntry } from "../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../core/file-node.js";
import type { LayerAccess } from "./layer-access.js";
import type { Stack } from "./ports.js";
import { packLayer } from "./pack.js";
import type { Reporter } from "./ports.js";

/** Directories of an overlay: the kernel takes 500, and a step adds some of its own. */
export const MAX_LOWERS = 480;
/**
 * Layers at the bottom of a high stack that are merged together, so that later layers of the next
 * steps leave the merged ones unchanged.
 */
export const MERGED = 240;

const MEMO = "merged";

/**
 * Makes one layer with everything visible in the layers of `stack`, for the bottom of an overlay of
 * more layers than the kernel takes. The merged layer is in no image. Note that we do not nest
 * overlays, because deletions of an upper one would come back.
 */
export async function mergedLayer(service: LayerAccess, stack: Stack, reporter: Reporter): Promise<LayerId> {
  const { store } = service;
  const name = stack.join(" ");
  const known = store.memo.get(MEMO, name)?.toString("utf8") as LayerId | undefined;
  if (known !== undefined && store.leases.hold("layer", [known]).held.length > 0) return known;
  const entries = allEntries(await service.view(stack, reporter));
  const id = await packLayer(service, { entries }, { type: "uncompressed" }, reporter, { clamp: false });
  store.memo.set(MEMO, name, id);
  return id;
}

/** Returns the entries of a tree for a layer with nothing below it, without its root directory. */
function allEntries(view: FileTree): readonly PackEntry[] {
  const entries: PackEntry[] = [];
  const linked = new Map<string, string>();
  const entryOf = (path: string, node: NodeMeta): PackEntry => {
    const first = linked.get(path);
    if (first !== undefined) return { ...node, path, hardlink: first };
    // The first of several names has the content, the others are links to it.
    for (const link of view.linksOf?.(path) ?? []) if (link !== path) linked.set(link, path);
    return node.type === "file" ? { ...node, path, source: view.content(path) } : { ...node, path };
  };
  const add = (path: string): void => {
    const node = view.lookup(path);
    if (!node) return;
    if (path !== "") entries.push(entryOf(path, node));
    for (const name of view.children(path)) add(path === "" ? name : `${path}/${name}`);
  };
  add("");
  return entries;
}
