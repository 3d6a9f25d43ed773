import { posix } from "node:path";
import { isAddress } from "../../core/text/address.js";
import { type Mapping, type Scalar, type Tree, withEntries } from "./tree.js";

/** Places that relative paths of a file start from. */
export interface Base {
  /** Directory; empty for paths that stay relative to the working directory. */
  readonly directory: string;
  /** Home directory of the user, for `~`. */
  readonly home: string;
}

/** Prefix of a context that is the image of another service. */
export const SERVICE_PREFIX = "service:";

/** Returns a path from where its file is. */
export function pathIn(path: string, { directory, home }: Base): string {
  const whole = path === "~" || path.startsWith("~/") ? home + path.slice(1) : path;
  if (whole === "" || posix.isAbsolute(whole)) return whole;
  const joined = posix.join(directory, whole);
  return joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
}

/** Returns a context, which may also be an address or another service. */
function contextIn(path: string, base: Base): string {
  return path.startsWith(SERVICE_PREFIX) || path.includes("://") || isAddress(path) ? path : pathIn(path, base);
}

type Change = (text: string, base: Base) => string;

/** Returns a document whose paths are those of the whole project. */
export function resolvePaths(document: Mapping, base: Base): Mapping {
  return atEach(document, ["services", "secrets"], (group, kind) =>
    group.kind !== "mapping"
      ? group
      : atEach(group, [...group.entries.keys()], (item) => (kind === "services" ? ofService(item, base) : ofFile(item, "file", base))),
  );
}

function ofService(service: Tree, base: Base): Tree {
  if (service.kind !== "mapping") return service;
  return atEach(service, ["build", "env_file", "extends"], (value, name) => {
    if (name === "build") return ofBuild(value, base);
    if (name === "extends") return ofFile(value, "file", base);
    return value.kind === "sequence" ? { ...value, items: value.items.map((item) => ofEnvFile(item, base)) } : ofEnvFile(value, base);
  });
}

function ofEnvFile(value: Tree, base: Base): Tree {
  return value.kind === "mapping" ? ofFile(value, "path", base) : changed(value, base, pathIn);
}

function ofFile(value: Tree, name: string, base: Base): Tree {
  return value.kind === "mapping" ? atEach(value, [name], (file) => changed(file, base, pathIn)) : value;
}

function ofBuild(build: Tree, base: Base): Tree {
  if (build.kind !== "mapping") return changed(build, base, contextIn);
  return atEach(build, ["context", "additional_contexts", "ssh"], (value, name) => {
    if (name === "context") return changed(value, base, contextIn);
    return ofPairs(value, base, name === "ssh" ? pathIn : contextIn);
  });
}

function ofPairs(value: Tree, base: Base, change: Change): Tree {
  if (value.kind === "mapping") return atEach(value, [...value.entries.keys()], (item) => changed(item, base, change));
  if (value.kind !== "sequence") return value;
  const pair: Change = (text, at) => (text.includes("=") ? text.replace(/=(.*)$/s, (_, path: string) => `=${change(path, at)}`) : text);
  return { ...value, items: value.items.map((item) => changed(item, base, pair)) };
}

function changed(value: Tree, base: Base, change: Change): Tree {
  return value.kind === "scalar" && typeof value.value === "string"
    ? ({ ...value, value: change(value.value, base) } satisfies Scalar)
    : value;
}

function atEach(mapping: Mapping, names: readonly string[], change: (value: Tree, name: string) => Tree): Mapping {
  const entries = new Map(mapping.entries);
  for (const name of names) {
    const value = entries.get(name);
    if (value) entries.set(name, change(value, name));
  }
  return withEntries(mapping, entries);
}
