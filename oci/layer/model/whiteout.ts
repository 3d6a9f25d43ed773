/**
 * Prefix of deletions in layers (OCI image-spec, layer.md): files with this name stand beside the
 * deleted paths.
 */
const PREFIX = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Prefix of AUFS's own files in old layers. */
const AUFS_PREFIX = ".wh..wh.";

type LayerName =
  | { readonly kind: "plain" }
  /** A marker by which its directory hides everything that lower layers have there. */
  | { readonly kind: "opaque" }
  | { readonly kind: "whiteout"; readonly name: string }
  | { readonly kind: "aufs" }
  | { readonly kind: "bad" };

/** Classifies a path of a layer by its last component. */
export function classifyName(path: string): LayerName {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (path.startsWith(AUFS_PREFIX) || path.includes(`/${AUFS_PREFIX}`)) return { kind: name === OPAQUE ? "opaque" : "aufs" };
  if (!name.startsWith(PREFIX)) return { kind: "plain" };
  const target = name.slice(PREFIX.length);
  return target === "" || target === "." || target === ".." ? { kind: "bad" } : { kind: "whiteout", name: target };
}

/** Returns the entry that deletes `path`. */
export function whiteoutOf(path: string): string {
  const slash = path.lastIndexOf("/") + 1;
  return `${path.slice(0, slash)}${PREFIX}${path.slice(slash)}`;
}

/** Returns the entry that makes `directory` opaque. */
export function opaqueMarkerOf(directory: string): string {
  return directory === "" ? OPAQUE : `${directory}/${OPAQUE}`;
}

/** Returns true when a file of this name would be read as a deletion. */
export function isReservedName(path: string): boolean {
  return path.startsWith(PREFIX, path.lastIndexOf("/") + 1);
}
