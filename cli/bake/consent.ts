import { realpathSync } from "node:fs";
import { dirname, join, relative, resolve, basename, sep } from "node:path";
import type { PlannedBakeTarget } from "../../api/options/planned-target.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { isAddress } from "../../core/text/address.js";
import { printable } from "../../core/text/printable.js";
import type { CliEnvironment } from "../environment.js";
import { confirmed } from "../prompts/confirm.js";
import { splitCsv } from "../syntax/csv.js";
import { FILE_RIGHTS } from "../syntax/file-rights.js";
import { notAllowed, unknownPermission } from "./errors.js";
import { attributesOf, contextSource, dockerfilePath } from "./target-options.js";

interface Allowed {
  readonly rights: ReadonlySet<string>;
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** Reads `--allow`. Devices, pushes and loads need no right here. */
function parseAllowed(values: readonly string[], cwd: string): Allowed {
  const rights = new Set<string>();
  const read = [cwd];
  const write = [cwd];
  for (const entry of values.flatMap((value) => splitCsv(value, `--allow "${value}"`))) {
    const [name = "", ...path] = entry.split("=");
    if (!FILE_RIGHTS.includes(name)) throw unknownPermission(entry, FILE_RIGHTS);
    if (name === "fs" || name === "fs.read") read.push(path.join("="));
    if (name === "fs" || name === "fs.write") write.push(path.join("="));
    rights.add(name);
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

/**
 * Asks at a terminal about targets that want more of this machine than the command line allows: the
 * host's network, all rights, an agent, paths outside of the working directory. Throws
 * `bake/not-allowed` without a yes, and where nobody can be asked.
 */
export async function askConsent(
  targets: readonly PlannedBakeTarget[],
  { allow, set, read }: { readonly allow: readonly string[]; readonly set: readonly string[]; readonly read: readonly string[] },
  environment: CliEnvironment,
): Promise<void> {
  const { cwd, env, stdin, stderr } = environment;
  const allowed = parseAllowed(allow, cwd);
  const wanted = new Map<string, { readonly what: string; readonly flag: string }>();
  const want = (what: string, right: string): void => void wanted.set(right, { what, flag: `--allow=${right}` });
  const files = parseBoolean(env["BUILDX_BAKE_ENTITLEMENTS_FS"] ?? "") !== false;
  const typed = pathsOf(set);
  for (const path of files ? read : []) if (!isInside(path, allowed.read, cwd)) want(`reading ${path}`, `fs.read=${path}`);
  for (const target of targets) {
    for (const right of attributesOf(target).entitlements ?? []) {
      if (!allowed.rights.has(right)) want(right === "network.host" ? "the network of this machine" : "all rights for a step", right);
    }
    if (!files) continue;
    if ((attributesOf(target).ssh ?? []).some(({ paths = [] }) => paths.length === 0) && !allowed.rights.has("ssh"))
      want("the SSH agent", "ssh");
    for (const path of readPaths(target)) {
      if (!isInside(path, [...allowed.read, ...typed], cwd)) want(`reading ${path}`, `fs.read=${path}`);
    }
    for (const path of writtenPaths(target)) {
      if (!isInside(path, [...allowed.write, ...typed], cwd)) want(`writing ${path}`, `fs.write=${path}`);
    }
  }
  if (wanted.size === 0) return;
  const list = [...wanted.values()];
  if (stdin.isTTY && stderr.isTTY) {
    // The texts come from the file, which may want to draw over the question.
    const rows = list.map(({ what, flag }) => `  ${printable(what)}  (${printable(flag)})\n`).join("");
    if (await confirmed(environment, `The file asks for:\n${rows}`, "")) return;
  }
  throw notAllowed(list);
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

function isInside(path: string, parents: readonly string[], cwd: string): boolean {
  if (parents.includes("*")) return true;
  const real = realPath(resolve(cwd, path));
  return parents.some((parent) => {
    const way = relative(realPath(resolve(cwd, parent)), real);
    return way === "" || (way !== ".." && !way.startsWith(`..${sep}`));
  });
}

/** Returns a path without links, as far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
