import { FILE_RIGHTS } from "../texts/file-rights.js";
import type { PlannedBakeTarget } from "../options/planned-target.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { isAllowedPath } from "../texts/allowed-path.js";
import { isAddress } from "../../core/text/address.js";
import { splitCsv } from "../texts/csv.js";
import type { Surroundings } from "../texts/surroundings.js";
import { unknownPermission } from "./errors.js";
import { attributesOf, contextSource, dockerfilePath } from "./target-attributes.js";

interface Allowed {
  readonly rights: ReadonlySet<string>;
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** Reads `--allow`. Pushes and loads need no right here. */
function parseAllowed(values: readonly string[], cwd: string): Allowed {
  const rights = new Set<string>();
  const read = [cwd];
  const write = [cwd];
  for (const entry of values.flatMap((value) => splitCsv(value, `--allow "${value}"`))) {
    const [name = "", ...path] = entry.split("=");
    if (!FILE_RIGHTS.includes(name)) throw unknownPermission(entry, FILE_RIGHTS);
    if (name === "fs" || name === "fs.read") read.push(path.join("="));
    if (name === "fs" || name === "fs.write") write.push(path.join("="));
    rights.add(name === "device" ? entry : name);
  }
  return { rights, read, write };
}

/** Returns the paths in the values of `--set`: they are allowed by who types them. */
function pathsOf(overrides: readonly string[]): readonly string[] {
  return overrides.flatMap((text) => {
    const value = text.slice(text.indexOf("=") + 1);
    return [...value.matchAll(/(?:^|,)(?:(?:dest|src|source|[\w-]+)=)?([^,=]+)/g)].map((found) => found[1] as string);
  });
}

/** A right that targets want, and the flag that allows it. */
export interface WantedRight {
  /** Text for people: `reading ../secrets`. */
  readonly what: string;
  /** `--allow=fs.read=../secrets`. */
  readonly flag: string;
}

/** Rights that are given in the words of the command line, and files that were read already. */
export interface GivenRights {
  /**
   * `network.host`, `security.insecure`, `device`, `device=NAME`, `ssh`, `fs=PATH`, `fs.read=PATH`,
   * `fs.write=PATH`.
   */
  readonly allow?: readonly string[];
  /** Overrides: their paths are allowed by who types them. */
  readonly set?: readonly string[];
  readonly read?: readonly string[];
}

/**
 * Returns what targets want of this machine beyond what is given: the host's network, all rights,
 * an agent, paths outside of the directory. A bake file comes with a repository, so who builds it
 * decides.
 */
export function wantedRights(
  targets: readonly PlannedBakeTarget[],
  { allow = [], set = [], read = [] }: GivenRights = {},
  { directory: cwd = process.cwd(), env = process.env }: { readonly directory?: string; readonly env?: Surroundings["env"] } = {},
): readonly WantedRight[] {
  const allowed = parseAllowed(allow, cwd);
  const wanted = new Map<string, WantedRight>();
  const want = (what: string, right: string): void => void wanted.set(right, { what, flag: `--allow=${right}` });
  const files = parseBoolean(env["BUILDX_BAKE_ENTITLEMENTS_FS"] ?? "") !== false;
  const typed = pathsOf(set);
  for (const path of files ? read : []) if (!isAllowedPath(path, allowed.read, cwd)) want(`reading ${path}`, `fs.read=${path}`);
  for (const target of targets) {
    for (const right of attributesOf(target).entitlements ?? []) {
      const isGiven = allowed.rights.has(right) || (right.startsWith("device") && allowed.rights.has("device"));
      if (!isGiven) want(meaningOf(right), right);
    }
    if (!files) continue;
    if ((attributesOf(target).ssh ?? []).some(({ paths = [] }) => paths.length === 0) && !allowed.rights.has("ssh"))
      want("the SSH agent", "ssh");
    for (const path of readPaths(target)) {
      if (!isAllowedPath(path, [...allowed.read, ...typed], cwd)) want(`reading ${path}`, `fs.read=${path}`);
    }
    for (const path of writtenPaths(target)) {
      if (!isAllowedPath(path, [...allowed.write, ...typed], cwd)) want(`writing ${path}`, `fs.write=${path}`);
    }
  }
  return [...wanted.values()];
}

function meaningOf(right: string): string {
  if (right.startsWith("device")) return right === "device" ? "the devices of this machine" : `the device ${right.slice("device=".length)}`;
  return right === "network.host" ? "the network of this machine" : "all rights for a step";
}

function readPaths(target: PlannedBakeTarget): readonly string[] {
  const attributes = attributesOf(target);
  const inputs = [
    attributes.context,
    ...(attributes["dockerfile-inline"] === undefined ? [dockerfilePath(attributes)] : []),
    ...Object.values(attributes.contexts ?? {}).map(contextSource),
  ];
  return [
    ...inputs.filter((path) => !isAddress(path) && !path.startsWith("target:")),
    ...(attributes["cache-from"] ?? []).flatMap(({ type, src }) => (type === "local" && src ? [String(src)] : [])),
    ...(attributes.secret ?? []).flatMap(({ src }) => (src ? [String(src)] : [])),
    ...(attributes.ssh ?? []).flatMap(({ paths = [] }) => paths),
  ];
}

function writtenPaths(target: PlannedBakeTarget): readonly string[] {
  const { output = [], "cache-to": caches = [] } = attributesOf(target);
  return [...output, ...caches].flatMap(({ dest }) => (dest && dest !== "-" ? [String(dest)] : []));
}
