import { existsSync } from "node:fs";
import type { ResultRecord } from "../../cache/contract/results.js";
import type { Store } from "../../cache/store.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { Surroundings } from "../../core/step.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import type { ExecOp, Mount, Op } from "../../llb/ops.js";
import { readComponents } from "../../solver/explain/components.js";
import type { Stack } from "../../solver/layers/ports.js";
import { commandOf, type FailedStep, secretsOf } from "../../solver/ops/failed-step.js";
import { cacheMountName } from "../../solver/ops/mounts/cache-mount-name.js";
import type { RecordedBuild, RecordedStep } from "../record/build-record.js";
import { stepsBefore } from "../record/steps-before.js";
import { stepCollected } from "./errors.js";
import type { StepState } from "./state.js";

/** Returns the directories of a stack of layers, unpacked. */
export type LowersOf = (layers: Stack) => Promise<readonly string[]>;

/** Surroundings of a step that nothing is known of. */
const NO_SURROUNDINGS: Surroundings = {
  env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  cwd: "/",
  user: "",
};

/** Returns the state in which a step ended, from its result and the components of its key. */
export async function recordedState(step: RecordedStep, build: RecordedBuild, store: Store, lowersOf: LowersOf): Promise<StepState> {
  const result = resultOf(step, store);
  if (!result) throw stepCollected(step.name);
  const made = madeBy(result);
  const own = made?.op.kind === "exec" ? { op: made.op, inputs: made.inputs, platform: made.platform } : undefined;
  const mounts = own ? await mountsOf(own.op, own.inputs, { build, store, lowersOf }) : [];
  return {
    summary: {
      name: step.name,
      build: build.id,
      command: own?.op.args ?? [],
      missing: mounts.flatMap((mount) => ("gone" in mount ? [mount.gone] : [])),
    },
    op: own ? commandOf(own.op) : commandIn(surroundingsOf(step, build)),
    layers: result.layers,
    mounts: mounts.filter((mount): mount is SandboxMount => !("gone" in mount)),
    secrets: own ? secretsOf(own.op) : [],
    secretEnv: own?.op.secretEnv ?? [],
    ...(own?.platform === undefined ? {} : { platform: own.platform }),
  };
}

/** Returns the stored result of a recorded step; undefined when it was collected. */
export function resultOf({ key }: Pick<RecordedStep, "key">, { results }: Pick<Store, "results">): ResultRecord | undefined {
  return key === undefined ? undefined : results.lookup(key as CacheKey);
}

interface Made {
  readonly op: Op;
  readonly platform?: string;
  /** Names of the steps that it used, by the number of the input. */
  readonly inputs: readonly string[];
}

/** Returns the op of a result; undefined for one of another machine that does not say. */
function madeBy({ components }: ResultRecord): Made | undefined {
  const known = readComponents(components);
  if (!known) return undefined;
  try {
    const { op, platform } = JSON.parse(known.identity) as Partial<Made>;
    if (!op) return undefined;
    return { op, ...(platform === undefined ? {} : { platform }), inputs: known.inputs.map(({ name }) => name) };
  } catch {
    return undefined;
  }
}

interface MountSources {
  readonly build: RecordedBuild;
  readonly store: Store;
  readonly lowersOf: LowersOf;
}

type FoundMount = SandboxMount | { readonly gone: string };

/** Returns the mounts of a step beside its root. Secrets and agents are none of them. */
async function mountsOf(op: ExecOp, inputs: readonly string[], sources: MountSources): Promise<readonly FoundMount[]> {
  const mounts = op.mounts.filter(({ dest, type }) => dest !== "/" && type !== "secret" && type !== "ssh");
  return await Promise.all(mounts.map((mount) => mountOf(mount, inputs, sources)));
}

async function mountOf(mount: Mount, inputs: readonly string[], { build, store, lowersOf }: MountSources): Promise<FoundMount> {
  const { dest, readonly } = mount;
  switch (mount.type) {
    case "tmpfs":
      return { type: "tmpfs", dest, size: mount.size, readonly };
    case "cache": {
      // The name of one that began with files depends on these files.
      const source = mount.input < 0 ? store.cacheMountPath(cacheMountName(mount), mount.id) : undefined;
      return source !== undefined && existsSync(source) ? { type: "bind", source, dest, readonly } : { gone: dest };
    }
    case "bind": {
      const { selector } = mount;
      if (mount.input < 0) return { type: "overlay", lowers: [], selector, dest, readonly };
      const from = build.stepList.find(({ name }) => name === inputs[mount.input]);
      const result = from && resultOf(from, store);
      return result ? { type: "overlay", lowers: await lowersOf(result.layers), selector, dest, readonly } : { gone: dest };
    }
    default:
      return { gone: dest };
  }
}

/** Returns the surroundings behind a step: its own, else those of the nearest one before it. */
function surroundingsOf(step: RecordedStep, build: RecordedBuild): Surroundings {
  const nearest = stepsBefore(step, build, true).findLast(({ surroundings }) => surroundings !== undefined);
  return step.surroundings ?? nearest?.surroundings ?? NO_SURROUNDINGS;
}

function commandIn({ env, cwd, user }: Surroundings): FailedStep["op"] {
  return { args: [], env, cwd, user, network: "default", security: "sandbox" };
}
