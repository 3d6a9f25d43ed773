import type { MountType } from "./mount-type.js";

/** A file system in memory, for one step. */
export const tmpfs: MountType = {
  type: "tmpfs",
  keys: ["size"],
  writable: true,
  noSource: true,
  lower: (mount, { dest }) => ({ type: "tmpfs", dest, readonly: mount.readonly, size: mount.size ?? 0 }),
};
