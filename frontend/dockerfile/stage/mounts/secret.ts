import { lastPart, type MountType, ownerOf, type RunMount } from "./mount-type.js";

const MODE = 0o400;

/** Returns the id of a secret. */
export function secretId(mount: RunMount): string {
  return mount.source || mount.id || lastPart(mount.target ?? "");
}

/** A secret as a file, or as a variable of the command. */
export const secret: MountType = {
  type: "secret",
  keys: ["required", "mode", "uid", "gid", "env"],
  ownPath: true,
  check(mount, fail) {
    if (mount.from) fail('"from" is not for secrets');
    if (!mount.source && !mount.target && !mount.id) fail("it names no secret", "write type=secret,id=NAME");
    if (mount.source && mount.id) fail('"source" and "id" both name the secret');
  },
  asks: (mount) => ({ kind: "secret", name: secretId(mount) }),
  lower(mount, { dest }) {
    // A secret that is a variable is a file only when it has a target.
    if (mount.env !== undefined && !mount.target) return undefined;
    return {
      type: "secret",
      dest: mount.target ? dest : `/run/secrets/${lastPart(secretId(mount))}`,
      readonly: true,
      id: secretId(mount),
      ...ownerOf(mount),
      mode: mount.mode ?? MODE,
      optional: !mount.required,
    };
  },
};
