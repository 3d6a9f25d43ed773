import type { ResultRecord } from "../../cache/contract/results.js";
import type { Store } from "../../cache/store.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { Surroundings } from "../../core/step.js";
import type { Op } from "../../llb/ops.js";
import { readComponents } from "../../solver/explain/components.js";
import type { Stack } from "../../solver/layers/ports.js";
import { commandOf, type FailedStep, secretsOf } from "../../solver/ops/failed-step.js";
import type { RecordedBuild, RecordedStep } from "../record/build-record.js";
import { stepsBefore } from "../record/steps-before.js";
import { stepCollected } from "./errors.js";
import type { StepState } from "./state.js";
import { type LowersOf, mountsOf } from "./step-mounts.js";

/** Surroundings of a step that nothing is known of. */
export const NO_SURROUNDINGS: Surroundings = {
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
  const layersOf = (input: number): Stack | undefined => {
    const from = build.stepList.find(({ name }) => name === own?.inputs[input]);
    return from && resultOf(from, store)?.layers;
  };
  const { mounts, missing } = own ? await mountsOf(own.op, { layersOf, store, lowersOf }) : { mounts: [], missing: [] };
  return {
    summary: {
      name: step.name,
      build: build.id,
      command: own?.op.args ?? [],
      missing,
    },
    op: own ? commandOf(own.op) : commandIn(surroundingsOf(step, build)),
    layers: result.layers,
    mounts,
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

/** Returns the surroundings behind a step: its own, else those of the nearest one before it. */
function surroundingsOf(step: RecordedStep, build: RecordedBuild): Surroundings {
  const nearest = stepsBefore(step, build, true).findLast(({ surroundings }) => surroundings !== undefined);
  return step.surroundings ?? nearest?.surroundings ?? NO_SURROUNDINGS;
}

/** Returns the command that a shell with these surroundings takes the place of. */
export function commandIn({ env, cwd, user }: Surroundings): FailedStep["op"] {
  return { args: [], env, cwd, user, network: "default", security: "sandbox" };
}
