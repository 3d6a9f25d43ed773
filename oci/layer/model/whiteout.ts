/** How layers write down deletions (OCI image-spec, layer.md): files with these names beside what they delete. */
const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** What AUFS kept for itself in old layers. */
const AUFS_PREFIX = ".wh..wh.";

export type LayerName =
  | { readonly kind: "plain" }
  /** The directory it is in hides everything that lower layers have there. */
  | { readonly kind: "opaque" }
  | { readonly kind: "whiteout"; readonly name: string }
  | { readonly kind: "aufs" }
  | { readonly kind: "bad" };

/** What a path of a layer stands for by its last component. */
export function classifyName(path: string): LayerName {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (path.startsWith(AUFS_PREFIX) || path.includes(`/${AUFS_PREFIX}`)) return { kind: name === OPAQUE ? "opaque" : "aufs" };
  if (!name.startsWith(PREFIX)) return { kind: "plain" };
  const target = name.slice(PREFIX.length);
  return target === "" || target === "." || target === ".." ? { kind: "bad" } : { kind: "whiteout", name: target };
}

/** The entry that deletes `path`. */
export function whiteoutOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}${PREFIX}${path.slice(slash)}`;
}

/** The entry that makes `directory` opaque. */
export function opaqueMarkerOf(directory: string): string {
  return directory === "" ? OPAQUE : `${directory}/${OPAQUE}`;
}

/** Whether a file of this name would be read as a deletion. */
export function isReservedName(path: string): boolean {
  return path.startsWith(PREFIX, path.lastIndexOf("/") + 1);
}
