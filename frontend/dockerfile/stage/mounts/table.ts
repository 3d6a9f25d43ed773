import { bind } from "./bind.js";
import { cache } from "./cache.js";
import type { MountType } from "./mount-type.js";
import { secret } from "./secret.js";
import { ssh } from "./ssh.js";
import { tmpfs } from "./tmpfs.js";

/** Every type of mount, in the order of messages. */
export const MOUNT_TYPES: readonly MountType[] = [bind, cache, secret, ssh, tmpfs];

/** Returns a type by its name. */
export function mountType(name: string): MountType {
  const found = MOUNT_TYPES.find(({ type }) => type === name);
  if (found === undefined) throw new Error(`internal: no mounts of type ${name}`);
  return found;
}
