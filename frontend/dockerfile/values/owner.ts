import type { Owner } from "../../../llb/ops.js";

/**
 * Returns `user[:group]` as an owner: numbers are ids, names are looked up in the root filesystem.
 * A final colon means root's group. Returns undefined for an empty text.
 */
export function ownerOf(text: string): Owner | undefined {
  if (text === "") return undefined;
  const colon = text.indexOf(":");
  const user = colon === -1 ? text : text.slice(0, colon);
  const group = colon === -1 ? undefined : text.slice(colon + 1);
  return {
    ...(user === "" ? {} : { user: nameOrId(user) }),
    ...(group === undefined ? {} : { group: group === "" ? 0 : nameOrId(group) }),
  };
}

/** Returns true for a possible owner: neither a user nor a group has a colon in it. */
export function isOwner(text: string): boolean {
  return text.indexOf(":") === text.lastIndexOf(":");
}

function nameOrId(text: string): string | number {
  return /^\d{1,10}$/.test(text) ? Number(text) : text;
}
