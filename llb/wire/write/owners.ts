import type { Owner } from "../../ops.js";
import type { ValueOf } from "../message.js";
import type { OWNER } from "../operations.js";

type OwnerMessage = ValueOf<typeof OWNER>;

/** Name that is id 0 without a look-up. */
const ROOT = "root";

/**
 * Returns the message of an owner. `base` is the filesystem in which names are looked up. Without
 * an owner there is no message.
 */
export function ownerMessage(owner: Owner | undefined, base: number): OwnerMessage | undefined {
  if (!owner || (owner.user === undefined && owner.group === undefined)) return undefined;
  const group = owner.group === undefined ? undefined : idMessage(owner.group, base);
  // A group alone goes with user 0.
  return { user: idMessage(owner.user ?? 0, base), ...(group && { group }) };
}

function idMessage(id: string | number, base: number): NonNullable<OwnerMessage["user"]> {
  if (typeof id === "number") return { byID: id };
  return id === ROOT ? { byID: 0 } : { byName: { name: id, input: base } };
}
