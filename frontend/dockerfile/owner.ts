import type { Owner } from "../../llb/ops.js";

/** `user[:group]` as an owner: numbers are ids, the rest is looked up in the root filesystem. Undefined for an empty text. */
export function ownerOf(text: string): Owner | undefined {
  if (text === "") return undefined;
  const [user = "", group] = text.split(":", 2);
  return {
    ...(user === "" ? {} : { user: nameOrId(user) }),
    ...(group === undefined || group === "" ? {} : { group: nameOrId(group) }),
  };
}

function nameOrId(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
