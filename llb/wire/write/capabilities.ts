import { sourceCapabilities } from "../../sources/wire.js";
import type { ValueOf } from "../message.js";
import type { OP } from "../operations.js";

type OpMessage = ValueOf<typeof OP>;

/**
 * Returns the capabilities that an operation needs of its solver, by BuildKit's names. A daemon
 * that lacks one refuses the definition instead of making something else of it.
 */
export function capabilitiesOf(op: OpMessage): ReadonlyMap<string, boolean> {
  const names = op.exec
    ? execCapabilities(op.exec)
    : op.file
      ? fileCapabilities(op.file)
      : op.source
        ? sourceCapabilities(op.source.identifier ?? "", op.source.attrs?.keys() ?? [])
        : [];
  if (op.merge) names.push("mergeop");
  if (op.diff) names.push("diffop");
  return new Map(names.map((name) => [name, true]));
}

function execCapabilities({
  meta,
  mounts = [],
  network,
  security,
  secretenv = [],
  cdiDevices = [],
}: NonNullable<OpMessage["exec"]>): string[] {
  const has = (test: (mount: (typeof mounts)[number]) => unknown): boolean => mounts.some((mount) => Boolean(test(mount)));
  const needed: readonly (readonly [string, unknown])[] = [
    ["exec.meta.base", true],
    ["exec.meta.setsdefaultpath", true],
    ["exec.meta.network", network],
    ["exec.meta.security", security],
    ["exec.meta.ulimit", meta?.ulimit],
    ["exec.meta.cdi", cdiDevices.length],
    ["exec.mount.bind", true],
    [
      "exec.mount.bind.readwrite-nooutput",
      has(({ dest, mountType, readonly, output }) => dest !== "/" && !mountType && !readonly && output === -1),
    ],
    ["exec.mount.selector", has(({ selector }) => selector)],
    ["exec.mount.cache", has(({ cacheOpt }) => cacheOpt)],
    ["exec.mount.cache.sharing", has(({ cacheOpt }) => cacheOpt)],
    ["exec.mount.tmpfs", has(({ TmpfsOpt }) => TmpfsOpt)],
    ["exec.mount.tmpfs.size", has(({ TmpfsOpt }) => TmpfsOpt?.size)],
    ["exec.mount.secret", has(({ secretOpt }) => secretOpt) || secretenv.length > 0],
    ["exec.mount.ssh", has(({ SSHOpt }) => SSHOpt)],
    ["exec.secretenv", secretenv.length],
  ];
  return needed.flatMap(([name, isNeeded]) => (isNeeded ? [name] : []));
}

function fileCapabilities({ actions = [] }: NonNullable<OpMessage["file"]>): string[] {
  const needed: readonly (readonly [string, unknown])[] = [
    ["file.base", true],
    ["file.copy.includeexcludepatterns", actions.some(({ copy }) => copy?.include_patterns ?? copy?.exclude_patterns)],
    ["file.copy.requiredpaths", actions.some(({ copy }) => copy?.required_paths)],
    ["file.copy.modestring", actions.some(({ copy }) => copy?.modeStr)],
    ["file.rm.wildcard", actions.some(({ rm }) => rm?.allowWildcard)],
    ["file.symlink.create", actions.some(({ symlink }) => symlink)],
  ];
  return needed.flatMap(([name, isNeeded]) => (isNeeded ? [name] : []));
}
