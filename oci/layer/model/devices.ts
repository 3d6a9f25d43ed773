import type { NodeMeta } from "../../../core/file-node.js";
import { lsetxattr } from "../../../core/system/posix.js";
import { DEVICE_XATTR } from "./xattrs.js";

/** Device node as an unpacked layer has it: see executor-native/helper/ownership/devices.h. */
type DeviceNode = Pick<NodeMeta, "mode" | "uid" | "gid"> & {
  readonly type: "char" | "block";
  readonly device: { readonly major: number; readonly minor: number };
};

/** Returns true for what an unpacked layer cannot have as it is. */
export function isDevice(meta: Pick<NodeMeta, "type" | "mode" | "uid" | "gid" | "device">): meta is DeviceNode {
  return meta.type === "char" || meta.type === "block";
}

/** Writes what a device looks like to the file that stands for it. */
export function recordDevice(path: string, { type, mode, uid, gid, device }: DeviceNode): void {
  const text = [type === "char" ? "c" : "b", device.major, device.minor, mode.toString(8), uid, gid].join(":");
  lsetxattr(path, DEVICE_XATTR, Buffer.from(text));
}

/** Reads the attribute; undefined for one that is malformed. */
export function parseDevice(text: string): DeviceNode | undefined {
  const [, kind, major, minor, mode, uid, gid] = /^([cb]):(\d{1,10}):(\d{1,10}):([0-7]{1,4}):(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (mode === undefined) return undefined;
  return {
    type: kind === "c" ? "char" : "block",
    device: { major: Number(major), minor: Number(minor) },
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
  };
}
