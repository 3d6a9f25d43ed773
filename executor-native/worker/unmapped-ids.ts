import type { SandboxSpec } from "../contract.js";
import type { MappedIds } from "../mapped-ids.js";

/**
 * Commands that give files away, make users or become them, by name or path. A directory or another
 * file with such a word in its name is none.
 */
const COMMANDS =
  /(?<![\w.])(?:chown|chgrp|install|useradd|usermod|adduser|groupadd|groupmod|addgroup|setpriv|su|gosu|su-exec|chroot|tar)(?![\w./-])/;
/** Whole numbers that are not part of a name, a path or a version. */
const NUMBERS = /(?<![\w./%-])\d{5,10}(?![\w./%-])/g;

/**
 * Returns true when the text of a step names ids that are not mapped. This saves the first attempt:
 * a step that meets such ids unannounced begins again with a supervisor
 * (helper/supervisor/watch.h). A step that names ids and does not use them is only slower.
 */
export function namesUnmappedIds(spec: Pick<SandboxSpec, "args" | "env" | "user">, mapped: MappedIds): boolean {
  const isUnmapped = (text: string): boolean => {
    const id = Number(text);
    return id < 4_294_967_295 && !(mapped.users.has(id) && mapped.groups.has(id));
  };
  if (spec.user.split(":").some((part) => /^\d+$/.test(part) && isUnmapped(part))) return true;
  if (!spec.args.some((text) => COMMANDS.test(text))) return false;
  return [...spec.args, ...spec.env].some((text) => text.match(NUMBERS)?.some(isUnmapped) ?? false);
}
