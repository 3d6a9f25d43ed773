import type { Op, SourceOp } from "../ops.js";

const PREFIX = "local://";

/** A directory of the caller. */
export interface LocalSource {
  readonly kind: "local";
  /** Name under which the caller gives the directory. */
  readonly name: string;
  /** Patterns of a .dockerignore. */
  readonly excludePatterns: readonly string[];
  /** Identity of the directory among those that have this name in a graph of several builds. */
  readonly unique?: string;
}

/** Returns the operation of a directory: `local://NAME`. */
export function localSource(name: string, excludePatterns: readonly string[] = [], unique?: string): SourceOp {
  const attrs: SourceOp["attrs"] = {
    ...(excludePatterns.length > 0 ? { "local.excludepatterns": JSON.stringify(excludePatterns) } : {}),
    ...(unique === undefined ? {} : { "local.unique": unique }),
  };
  return { kind: "source", identifier: `${PREFIX}${name}`, attrs };
}

/** Returns true for an operation that brings a directory of the caller. */
export function isLocal(op: Op | undefined): boolean {
  return op?.kind === "source" && op.identifier.startsWith(PREFIX);
}

/** Reads an operation of {@link localSource}; undefined for one of another scheme. */
export function readLocal({ identifier, attrs }: SourceOp): LocalSource | undefined {
  if (!identifier.startsWith(PREFIX)) return undefined;
  const patterns = attrs["local.excludepatterns"];
  const excludePatterns = patterns === undefined ? [] : (JSON.parse(patterns) as string[]);
  const unique = attrs["local.unique"];
  return { kind: "local", name: identifier.slice(PREFIX.length), excludePatterns, ...(unique === undefined ? {} : { unique }) };
}
