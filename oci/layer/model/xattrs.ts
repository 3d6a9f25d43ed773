import type { Xattrs } from "../../../core/file-node.js";

/**
 * Returns true when an extended attribute belongs to a layer. Overlayfs's own attributes are left
 * out, because a layer could redirect directories with them. So are attributes that only the host's
 * root can set, and SELinux labels, which belong to the machine.
 */
export function isLayerXattr(name: string): boolean {
  if (OWN.has(name)) return false;
  return !name.startsWith("trusted.") && !name.startsWith("user.overlay.") && name !== "security.selinux";
}

/**
 * Attribute that records, as `UID:GID`, an owner which this user namespace cannot represent: only
 * one id is mapped, or the id is beyond the mapped ones. overlayfs copies the attribute up with a
 * file.
 */
export const OWNER_XATTR = "user.tsbuild.owner";

/**
 * Mark on the directory of a layer or a cache mount with recorded owners, in it or beside it: steps
 * that see it need a supervisor.
 */
export const OWNERS_MARK = "user.tsbuild.owners";

/** Attribute of an empty file that stands for a device node: see devices.ts. */
export const DEVICE_XATTR = "user.tsbuild.device";

/** Mark on the directory of a layer with such files: steps that see it need a supervisor. */
export const DEVICES_MARK = "user.tsbuild.devices";

const OWN: ReadonlySet<string> = new Set([OWNER_XATTR, OWNERS_MARK, DEVICE_XATTR, DEVICES_MARK]);

export const OPAQUE_XATTR = "user.overlay.opaque";
export const WHITEOUT_XATTR = "user.overlay.whiteout";

/** Returns the attributes of a layer among `xattrs`; undefined when there are none. */
export function layerXattrs(xattrs: Xattrs | undefined): Xattrs | undefined {
  if (!xattrs) return undefined;
  const kept = Object.entries(xattrs).filter(([name]) => isLayerXattr(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
