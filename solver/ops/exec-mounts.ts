import { chmodSync, existsSync, renameSync } from "node:fs";
import { MOUNT_IN_THE_MAKING } from "../../cache/cache-mounts.js";
import type { LayerId } from "../../cache/contract/layers.js";
import type { Lock } from "../../cache/contract/locks.js";
import { TsbuildError, unreachable } from "../../core/errors.js";
import { makeDirectory } from "../../core/make-directory.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import type { SolverContext } from "../context.js";
import type { OpContext } from "../engine/op.js";
import type { StepResult } from "../result.js";
import { secretValue } from "../secrets/step-secrets.js";
import { cacheMountName } from "./cache-mount-name.js";
import { treeLayer } from "./tree-layer.js";

/** Mounts that are ready to use; disposing gives back what they hold (locks of cache mounts). */
export interface PreparedMounts extends AsyncDisposable {
  readonly list: readonly SandboxMount[];
}

/** Inputs that an exec op only reads, with the paths it mounts of each: they count by their content. */
export function mountInputs(op: ExecOp): ReadonlyMap<number, ReadonlySet<string>> {
  const root = op.mounts.find((mount) => mount.dest === "/");
  const selected = new Map<number, Set<string>>();
  for (const mount of op.mounts) {
    if (mount === root || mount.type !== "bind" || mount.input < 0) continue;
    const paths = selected.get(mount.input) ?? new Set();
    selected.set(mount.input, paths.add(mount.selector));
  }
  if (root?.type === "bind") selected.delete(root.input);
  return selected;
}

/** Makes everything ready that a step mounts beside its root filesystem. */
export async function prepareMounts(
  op: ExecOp,
  inputs: readonly StepResult[],
  context: SolverContext,
  opContext: OpContext,
): Promise<PreparedMounts> {
  const locks: Lock[] = [];
  const release = async () => {
    for (const lock of locks) lock.release();
  };
  try {
    const list: SandboxMount[] = [];
    for (const mount of op.mounts) {
      if (mount.dest === "/") continue;
      const prepared = await prepareMount(mount, inputs, context, opContext, locks);
      if (prepared) list.push(prepared);
    }
    return { list, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function prepareMount(
  mount: Mount,
  inputs: readonly StepResult[],
  context: SolverContext,
  opContext: OpContext,
  locks: Lock[],
): Promise<SandboxMount | undefined> {
  switch (mount.type) {
    case "bind": {
      const lowers = mount.input < 0 ? [] : await unpackedInput(inputs[mount.input] as StepResult, mount.selector, context, opContext);
      return { type: "overlay", lowers, selector: mount.selector, dest: mount.dest, readonly: mount.readonly };
    }
    case "cache":
      return { type: "bind", source: await cacheDirectory(mount, context, opContext, locks), dest: mount.dest, readonly: mount.readonly };
    case "tmpfs":
      return { type: "tmpfs", dest: mount.dest, size: mount.size, readonly: mount.readonly };
    case "secret": {
      const value = secretValue(mount, context);
      const { dest, uid, gid, mode } = mount;
      return value && { type: "file", dest, data: Buffer.from(value).toString("base64"), uid, gid, mode };
    }
    case "ssh":
      if (mount.optional) return undefined;
      throw new TsbuildError(
        "build/ssh-not-found",
        `Cannot run the step: ssh agent "${mount.id}" is required, but the build was given none`,
        { hint: 'Drop "required" from the mount, or leave it out: this version passes no agents into steps' },
      );
    default:
      return unreachable(mount);
  }
}

async function unpackedInput(
  input: StepResult,
  selector: string,
  context: SolverContext,
  opContext: OpContext,
): Promise<readonly string[]> {
  const stack: readonly LayerId[] = input.kind === "layers" ? input.layers : [await treeLayer(input.tree, selector, context, opContext)];
  return (await context.layers.overlay(stack, opContext)).lowers;
}

/**
 * The directory of a cache mount. `locked` waits for other steps that use it; `private` takes the first numbered sibling that nobody uses;
 * `shared` takes it as it is.
 */
async function cacheDirectory(
  mount: Mount & { type: "cache" },
  context: SolverContext,
  opContext: OpContext,
  locks: Lock[],
): Promise<string> {
  if (mount.input >= 0)
    throw new TsbuildError(
      "build/cache-mount-from",
      `Cannot use cache mount "${mount.id}" with "from": this version starts cache mounts empty`,
      { hint: 'Drop "from" from the mount and fill the cache in the step' },
    );
  const { store } = context.layers;
  const name = cacheMountName(mount);
  let path = store.cacheMountPath(name, mount.id);
  if (mount.sharing === "locked") {
    const waiting = `another step that has cache mount "${mount.id}" locked`;
    let waited = false;
    const onWait = () => {
      waited = true;
      opContext.progress(waiting, 0, undefined, false);
    };
    locks.push(await store.locks.acquire(`mount-${name}`, { signal: opContext.signal, onWait }));
    if (waited) opContext.progress(waiting, 0, undefined, true);
  }
  for (let index = 0; mount.sharing === "private"; index++) {
    const lock = store.locks.tryAcquire(`mount-${name}-${index}`);
    if (!lock) continue;
    locks.push(lock);
    path = store.cacheMountPath(index === 0 ? name : `${name}-${index}`, mount.id);
    break;
  }
  await context.freshMounts?.empty(path, context.worker);
  const making = await store.locks.acquire(`mount-made-${path}`, { signal: opContext.signal });
  try {
    if (!existsSync(path)) await makeCacheDirectory(mount, path, (to) => context.restoreMount(name, to, opContext), context);
  } finally {
    making.release();
  }
  return path;
}

/** Under another name first: nobody finds a mount whose owner and mode are not set yet, not even after a crash. */
async function makeCacheDirectory(
  mount: Mount & { type: "cache" },
  path: string,
  restore: (path: string) => Promise<boolean>,
  context: SolverContext,
): Promise<void> {
  const made = path + MOUNT_IN_THE_MAKING;
  if (existsSync(made)) await (await context.worker()).remove([made]);
  if (!(await restore(made))) makeDirectory(made);
  chmodSync(made, mount.mode);
  if (mount.uid !== 0 || mount.gid !== 0) await (await context.worker()).task("chown", { path: made, uid: mount.uid, gid: mount.gid });
  renameSync(made, path);
}
