import type { Owner } from "../../llb/ops.js";

/**
 * `user[:group]` as an owner: numbers are ids, the rest is looked up in the root filesystem. A colon with nothing after it is root's group.
 * Undefined for an empty text.
 */
export function ownerOf(text: string): Owner | undefined {
  if (text === "") return undefined;
  const [user = "", group] = text.split(":", 2);
  return {
    ...(user === "" ? {} : { user: nameOrId(user) }),
    ...(group === undefined ? {} : { group: group === "" ? 0 : nameOrId(group) }),
  };
}

function nameOrId(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
