import type { Owner } from "../../../llb/ops.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { invalidOwner, unknownGroup, unknownUser, userDatabaseTooLarge } from "./errors.js";

export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Reads the content of a file of a tree. The path is resolved already. */
export type ReadFile = (tree: FileTree, path: string) => Promise<Uint8Array>;

interface OwnerOptions {
  readonly readFile: ReadFile;
  /**
   * True maps an unknown name to root instead of an error, as WORKDIR does under a USER that the
   * image does not have.
   */
  readonly lenient?: boolean;
}

/** The one name that has an id without /etc/passwd and /etc/group, in images on scratch. */
const ROOT = "root";

/**
 * Returns the ids of an owner in a root filesystem. A numeric user is its own group, a named one
 * has its group from /etc/passwd, a group alone belongs to user 0. Throws `copy/unknown-user`,
 * `copy/unknown-group`, `copy/invalid-owner`.
 */
export async function resolveOwner(owner: Owner | undefined, target: FileTree, options: OwnerOptions): Promise<Ids | undefined> {
  if (!owner || (owner.user === undefined && owner.group === undefined)) return undefined;
  let uid = 0;
  let gid = 0;
  const user = numeric(owner.user);
  if (typeof user === "number") uid = gid = user;
  else if (user !== undefined && user !== "") {
    const rows = await table(target, "/etc/passwd", options.readFile);
    const row = rows.find(([name]) => name === user);
    if (row) {
      uid = idField(row[2]);
      gid = idField(row[3]);
    } else if (!options.lenient && user !== ROOT) throw unknownUser(user, names(rows));
  }
  const group = numeric(owner.group);
  if (typeof group === "number") gid = group;
  else if (group !== undefined && group !== "") {
    const rows = await table(target, "/etc/group", options.readFile);
    const row = rows.find(([name]) => name === group);
    if (row) gid = idField(row[2]);
    else if (!options.lenient && group !== ROOT) throw unknownGroup(group, names(rows));
  }
  return { uid, gid };
}

function numeric(value: string | number | undefined): string | number | undefined {
  if (typeof value === "string" && !/^\d+$/.test(value)) return value;
  if (value === undefined) return undefined;
  const id = Number(value);
  // The largest 32-bit value means "no change" to chown(2).
  if (!Number.isInteger(id) || id < 0 || id >= 0xffff_ffff) throw invalidOwner(value);
  return id;
}

type Row = readonly string[];

/**
 * Bytes of /etc/passwd and /etc/group that are read at most: the file comes from the image, and a
 * sparse one has any size.
 */
const MAX_DATABASE = 16 << 20;

/** Returns the rows of /etc/passwd or /etc/group; none without such a file. */
async function table(target: FileTree, file: string, readFile: ReadFile): Promise<readonly Row[]> {
  const path = resolvePath(target, file).path;
  const entry = target.lookup(path);
  if (entry?.type !== "file") return [];
  if (entry.size > MAX_DATABASE) throw userDatabaseTooLarge(file, entry.size, MAX_DATABASE);
  const text = new TextDecoder().decode(await readFile(target, path));
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.split(":").map((field) => field.trim()));
}

function names(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([name]) => (name ? [name] : []));
}

/** Reads an id as the reference does: anything but a number is 0. */
function idField(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}
