import { cacheKey, type CacheKey } from "../../core/cache-key.js";
import { FAILED_STEPS, type Memo } from "../../cache/contract/memo.js";
import type { ActiveSnapshot, LayerId } from "../../cache/contract/layers.js";
import { type Stack, stackOn } from "../../cache/contract/stacks.js";
import { stepName } from "../../core/step.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import type { ExecOp, Mount } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import type { LayerAccess } from "../layers/layer-access.js";

/** Failed steps that are kept, in slots: a new one takes the place of the oldest. */
const SLOTS = 8;

type SecretMount = Extract<Mount, { readonly type: "secret" | "ssh" }>;

/** A step that failed, as it is kept. No value of a secret is in it. */
export interface FailedStep {
  readonly slot: number;
  /** Digest of the vertex. */
  readonly digest: string;
  /** Name, such as `[build 2/4] RUN make`. */
  readonly name: string;
  /** Id of the build, when it is recorded. */
  readonly build?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly op: Pick<ExecOp, "args" | "env" | "cwd" | "user" | "network" | "security" | "hostname" | "extraHosts" | "ulimits" | "shmSize">;
  readonly platform?: string;
  /** Mounts of layers, directories and memory. */
  readonly mounts: readonly SandboxMount[];
  readonly secrets: readonly SecretMount[];
  readonly secretEnv: NonNullable<ExecOp["secretEnv"]>;
  readonly limits?: LimitRequest;
  /**
   * Set for one that did not fail here: it came from another machine, or a debugger stopped at it.
   */
  readonly imported?: {
    /** True for a step that did not fail. */
    readonly ended: boolean;
    /** Paths of the mounts that it had there. */
    readonly mounts: readonly string[];
  };
}

/** Returns the key of the files that the step in a slot left. */
function failedStepKey(slot: number): CacheKey {
  return cacheKey(`failed step ${slot}`, []);
}

/** Returns the layers of a step as it failed; undefined when they were collected. */
export function failedLayers({ slot }: Pick<FailedStep, "slot">, { results }: Pick<LayerAccess["store"], "results">): Stack | undefined {
  return results.lookup(failedStepKey(slot))?.layers;
}

/** Returns the failed steps that are kept, the newest first. */
export function failedSteps(memo: Pick<Memo, "list">): readonly FailedStep[] {
  return Array.from(memo.list(FAILED_STEPS), (value) => JSON.parse(value.toString("utf8")) as FailedStep).sort((a, b) => b.at - a.at);
}

interface Failure {
  readonly active: ActiveSnapshot;
  readonly base: readonly LayerId[];
  readonly mounts: readonly SandboxMount[];
  readonly limits: LimitRequest | undefined;
  readonly build: string | undefined;
}

/**
 * Keeps the files that a failed step left as a result of its own, which is collected like any
 * other, and everything that opens a shell in it. Returns false where it cannot be kept: that is
 * no other failure.
 */
export function keepFailedStep(
  op: ExecOp,
  vertex: Vertex,
  { active, base, mounts, limits, build }: Failure,
  { store }: Pick<LayerAccess, "store">,
): boolean {
  try {
    const files = new Set(op.mounts.flatMap(({ type, dest }) => (type === "secret" || type === "ssh" ? [] : [dest])));
    const step = {
      digest: vertex.digest,
      name: stepName(vertex.metadata.step),
      ...(build === undefined ? {} : { build }),
      at: Date.now(),
      op: commandOf(op),
      ...(vertex.platform === undefined ? {} : { platform: vertex.platform }),
      mounts: mounts.filter(({ dest, type }) => type !== "file" && files.has(dest)),
      secrets: secretsOf(op),
      secretEnv: op.secretEnv ?? [],
      ...(limits && { limits }),
    };
    keepStep(step, stackOn(base, active.commitSnapshot().id), store);
    return true;
  } catch {
    return false;
  }
}

/** Keeps a step with its files, in the place of the oldest one where all slots are taken. */
export function keepStep(step: Omit<FailedStep, "slot">, layers: readonly LayerId[], { memo, results }: LayerAccess["store"]): void {
  const slot = freeSlot(failedSteps(memo), step.digest);
  const name = `${step.imported ? "imported" : "failed"}: ${step.name}`;
  results.replace({ keys: [failedStepKey(slot)], layers, name, components: "{}" });
  memo.set(FAILED_STEPS, String(slot), JSON.stringify({ slot, ...step }));
}

/** Returns everything of an op that a command in its place has as well. */
export function commandOf({ args, env, cwd, user, network, security, hostname, extraHosts, ulimits, shmSize }: ExecOp): FailedStep["op"] {
  return {
    args,
    env,
    cwd,
    user,
    network,
    security,
    ...(hostname === undefined ? {} : { hostname }),
    ...(extraHosts && { extraHosts }),
    ...(ulimits && { ulimits }),
    ...(shmSize === undefined ? {} : { shmSize }),
  };
}

/** Returns the secrets that an op mounts. */
export function secretsOf({ mounts }: Pick<ExecOp, "mounts">): FailedStep["secrets"] {
  return mounts.filter((mount): mount is SecretMount => mount.type === "secret");
}

/** Returns the slot of the same step, an empty one, or that of the oldest. */
function freeSlot(kept: readonly FailedStep[], digest: string): number {
  const same = kept.find((step) => step.digest === digest);
  if (same) return same.slot;
  const taken = new Set(kept.map(({ slot }) => slot));
  for (let slot = 0; slot < SLOTS; slot++) if (!taken.has(slot)) return slot;
  return kept.at(-1)?.slot ?? 0;
}
