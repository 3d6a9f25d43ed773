import type { LayerId } from "../../../cache/contract/layers.js";
import { unreachable } from "../../../core/errors.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import type { ExecOp, Mount } from "../../../llb/ops.js";
import type { Ports } from "../../ports.js";
import type { OpContext } from "../../engine/op.js";
import type { StepResult } from "../../result.js";
import { secretValue } from "../../secrets/step-secrets.js";
import { cacheDirectories, type CacheMountPorts } from "./cache-mount.js";
import { sshMount } from "./ssh-mount.js";
import type { MountInputs } from "./mount-source.js";
import { treeOfInput } from "../inputs/input-tree.js";
import { treeLayer } from "../inputs/tree-layer.js";
import type { MountReleases } from "./mount-releases.js";

/**
 * Mounts that are ready to use. Disposing releases their resources (locks of cache mounts, sockets
 * to agents).
 */
interface PreparedMounts extends AsyncDisposable {
  readonly list: readonly SandboxMount[];
  /** Throws when a directory of the machine changed while the step had it. */
  readonly verify: () => Promise<void>;
}

/** Ports that mounts of any type use. */
export type MountPorts = CacheMountPorts & Ports<"secrets">;

/**
 * Returns the inputs that an exec op only reads, with the paths that it mounts of each. These
 * inputs count by their content.
 */
export function mountInputs(op: ExecOp): ReadonlyMap<number, ReadonlySet<string>> {
  const root = op.mounts.find((mount) => mount.dest === "/");
  const selected = new Map<number, Set<string>>();
  for (const mount of op.mounts) {
    if (mount === root || (mount.type !== "bind" && mount.type !== "cache") || mount.input < 0) continue;
    const paths = selected.get(mount.input) ?? new Set();
    selected.set(mount.input, paths.add(mount.selector));
  }
  if (root?.type === "bind") selected.delete(root.input);
  return selected;
}

/** Makes everything ready that a step mounts beside its root filesystem. */
export async function prepareMounts(op: ExecOp, sources: MountInputs, ports: MountPorts, opContext: OpContext): Promise<PreparedMounts> {
  const held: MountReleases = [];
  const release = async () => {
    for (const give of held) give();
  };
  try {
    const list: SandboxMount[] = [];
    const checks: (() => Promise<void>)[] = [];
    const caches = op.mounts.filter((mount) => mount.type === "cache");
    const directories = await cacheDirectories(caches, sources, ports, opContext, held);
    for (const mount of op.mounts) {
      if (mount.dest === "/") continue;
      if (mount.type === "bind" && mount.host !== undefined) {
        const { hostMount } = await import("./host-mount.js");
        await requireSource(mount, sources, ports, opContext);
        const host = hostMount(mount, sources.inputs[mount.input] as StepResult, opContext);
        list.push(host.mount);
        checks.push(host.verify);
        continue;
      }
      const prepared = await prepareMount(mount, { sources, directories }, ports, opContext, held);
      if (prepared) list.push(prepared);
    }
    const verify = async (): Promise<void> => {
      for (const check of checks) await check();
    };
    return { list, verify, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function prepareMount(
  mount: Mount,
  { sources, directories }: { readonly sources: MountInputs; readonly directories: ReadonlyMap<Mount, string> },
  ports: MountPorts,
  opContext: OpContext,
  held: MountReleases,
): Promise<SandboxMount | undefined> {
  switch (mount.type) {
    case "bind": {
      const { dest, readonly, selector } = mount;
      const input = await requireSource(mount, sources, ports, opContext);
      if (!input) return { type: "overlay", lowers: [], selector, dest, readonly };
      const found = await unpackedInput(input, selector, ports.layers, opContext);
      return { type: "overlay", ...found, dest, readonly };
    }
    case "cache": {
      const source = directories.get(mount);
      if (source === undefined) throw new Error("internal: a cache mount without a directory");
      return { type: "bind", source, dest: mount.dest, readonly: mount.readonly };
    }
    case "tmpfs":
      return { type: "tmpfs", dest: mount.dest, size: mount.size, readonly: mount.readonly };
    case "secret": {
      const value = await secretValue(mount, ports.secrets);
      const { dest, uid, gid, mode } = mount;
      return value && { type: "file", dest, data: Buffer.from(value).toString("base64"), uid, gid, mode };
    }
    case "ssh":
      return sshMount(mount, ports, held);
    default:
      return unreachable(mount);
  }
}

/**
 * Returns the input that a mount is from; undefined for an empty file system. Throws when it lacks
 * the path.
 */
async function requireSource(
  { input: index, dest, selector }: Mount & { readonly type: "bind" },
  sources: MountInputs,
  { layers }: MountPorts,
  opContext: OpContext,
): Promise<StepResult | undefined> {
  const { nameOfSource, requireMountSource, requireNothing } = await import("./mount-source.js");
  const source = { dest, selector, where: nameOfSource(sources, dest) };
  if (index < 0) {
    requireNothing(source);
    return undefined;
  }
  const input = sources.inputs[index] as StepResult;
  requireMountSource(await treeOfInput(input, layers, opContext), source);
  return input;
}

/**
 * Unpacks an input. The sandbox follows the links of layers; a tree is packed at the place to which
 * its links lead.
 */
async function unpackedInput(
  input: StepResult,
  selector: string,
  layers: MountPorts["layers"],
  opContext: OpContext,
): Promise<{ readonly lowers: readonly string[]; readonly selector: string }> {
  const lowersOf = async (stack: readonly LayerId[]) => (await layers.overlay(stack, opContext)).lowers;
  if (input.kind === "layers") return { lowers: await lowersOf(input.layers), selector };
  const { layer, root } = await treeLayer(input.tree, selector, layers, opContext);
  return { lowers: await lowersOf([layer]), selector: `/${root}` };
}
