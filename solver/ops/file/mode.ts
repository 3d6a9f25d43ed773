import { invalidMode } from "./errors.js";

/** Change of a node's mode by `--chmod`. */
export interface ModeChange {
  apply(mode: number, isDirectory: boolean): number;
  /**
   * Permission bits of the parent directories that a copy makes: those of an octal mode, else 0755.
   */
  readonly parents: number;
}

/** Mode of directories without one of their own. */
export const DIRECTORY_MODE = 0o755;
/** Bits that BuildKit's process removes from directories that it makes above a destination. */
const UMASK = 0o022;

/**
 * Reads octal bits, octal digits as text, or chmod(1)'s symbolic form. Throws `copy/invalid-mode`.
 */
export function parseMode(mode: number | string): ModeChange {
  const bits = typeof mode === "number" ? mode : /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : undefined;
  if (bits !== undefined) {
    if (!Number.isInteger(bits) || bits < 0 || bits > 0o7777) throw invalidMode(mode);
    return { apply: () => bits, parents: bits & 0o777 & ~UMASK };
  }
  const clauses = String(mode)
    .split(",")
    .map((clause) => parseClause(clause, mode));
  return {
    apply: (original, isDirectory) => clauses.reduce((current, clause) => clause(current, original, isDirectory), original),
    parents: DIRECTORY_MODE,
  };
}

type Clause = (current: number, original: number, isDirectory: boolean) => number;

const SHIFT = { u: 6, g: 3, o: 0 } as const;
const SET_ID = { u: 0o4000, g: 0o2000, o: 0 } as const;
type Class = keyof typeof SHIFT;

/**
 * Reads one clause: classes, then one or more operators with permissions (`go-w+X`). Like BuildKit:
 * no class means all of them whatever the umask, `=` never clears the sticky bit, which only a
 * clause for all classes sets or clears, and `X` depends on the mode before any clause.
 */
function parseClause(text: string, whole: number | string): Clause {
  const parsed = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(text);
  if (!parsed) throw invalidMode(whole);
  const who = parsed[1] as string;
  const classes: readonly Class[] =
    who === "" || who.includes("a") ? ["u", "g", "o"] : (["u", "g", "o"] as const).filter((name) => who.includes(name));
  const actions = [...(parsed[2] as string).matchAll(/([-+=])([ugo]|[rwxXst]*)/g)].map(([, operator, permissions]) => ({
    operator: operator as "-" | "+" | "=",
    permissions: permissions as string,
  }));
  return (current, original, isDirectory) => {
    let mode = current;
    for (const { operator, permissions } of actions) {
      const from = permissions as Class;
      const copied = permissions in SHIFT ? (mode >> SHIFT[from]) & 0o7 : undefined;
      let given = 0;
      let cleared = 0;
      for (const name of classes) {
        const bits = copied ?? permissionBits(permissions, original, isDirectory);
        given |= bits << SHIFT[name];
        cleared |= 0o7 << SHIFT[name];
        if (copied === undefined) cleared |= SET_ID[name];
        if (copied === undefined && permissions.includes("s")) given |= SET_ID[name];
      }
      if (copied === undefined && permissions.includes("t") && classes.length === 3) given |= 0o1000;
      mode = operator === "+" ? mode | given : operator === "-" ? mode & ~given : (mode & ~cleared) | given;
    }
    return mode;
  };
}

function permissionBits(permissions: string, original: number, isDirectory: boolean): number {
  let bits = 0;
  if (permissions.includes("r")) bits |= 0o4;
  if (permissions.includes("w")) bits |= 0o2;
  if (permissions.includes("x") || (permissions.includes("X") && (isDirectory || (original & 0o111) !== 0))) bits |= 0o1;
  return bits;
}
