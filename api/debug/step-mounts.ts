import { existsSync } from "node:fs";
import type { Store } from "../../cache/store.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import type { Stack } from "../../solver/layers/ports.js";
import { cacheMountName } from "../../solver/ops/mounts/cache-mount-name.js";

/** Returns the directories of a stack of layers, unpacked. */
export type LowersOf = (layers: Stack) => Promise<readonly string[]>;

interface MountSources {
  /** Returns the layers of an input of the step; undefined where they are gone, or are none. */
  readonly layersOf: (input: number) => Stack | undefined;
  readonly store: Pick<Store, "cacheMountPath">;
  readonly lowersOf: LowersOf;
}

/** Mounts of a step beside its root, and the paths of those whose files are gone. */
interface FoundMounts {
  readonly mounts: readonly SandboxMount[];
  readonly missing: readonly string[];
}

/** Returns the mounts of a step beside its root. Secrets and agents are none of them. */
export async function mountsOf(op: ExecOp, sources: MountSources): Promise<FoundMounts> {
  const wanted = op.mounts.filter(({ dest, type }) => dest !== "/" && type !== "secret" && type !== "ssh");
  const found = await Promise.all(wanted.map(async (mount) => ({ dest: mount.dest, mount: await mountOf(mount, sources) })));
  return {
    mounts: found.flatMap(({ mount }) => mount ?? []),
    missing: found.flatMap(({ dest, mount }) => (mount === undefined ? [dest] : [])),
  };
}

/** Returns a mount as a sandbox has it; undefined when its files are gone. */
async function mountOf(mount: Mount, { layersOf, store, lowersOf }: MountSources): Promise<SandboxMount | undefined> {
  const { dest, readonly } = mount;
  switch (mount.type) {
    case "tmpfs":
      return { type: "tmpfs", dest, size: mount.size, readonly };
    case "cache": {
      // The name of one that began with files depends on these files.
      const source = mount.input < 0 ? store.cacheMountPath(cacheMountName(mount), mount.id) : undefined;
      return source !== undefined && existsSync(source) ? { type: "bind", source, dest, readonly } : undefined;
    }
    case "bind": {
      const layers = mount.input < 0 ? [] : layersOf(mount.input);
      return (
        layers && { type: "overlay", lowers: layers.length === 0 ? [] : await lowersOf(layers), selector: mount.selector, dest, readonly }
      );
    }
    default:
      return undefined;
  }
}
