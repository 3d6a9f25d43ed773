import type { ValueOf } from "./message.js";
import type { ACTION } from "./operations.js";

/** Returns an action on files in a few words, as `buildctl debug dump-llb` writes it. */
export function actionLabel({ copy, mkfile, mkdir, rm, symlink }: ValueOf<typeof ACTION>): string {
  if (copy) return `copy{src=${copy.src ?? ""}, dest=${copy.dest ?? ""}}`;
  if (mkfile) return `mkfile{path=${mkfile.path ?? ""}}`;
  if (mkdir) return `mkdir{path=${mkdir.path ?? ""}}`;
  if (rm) return `rm{path=${rm.path ?? ""}}`;
  return `symlink{oldpath=${symlink?.oldpath ?? ""}, newpath=${symlink?.newpath ?? ""}}`;
}
