import type { Digest } from "../../core/digest.js";
import { stepName } from "../../core/step.js";
import type { Store } from "../../cache/store.js";
import type { Op } from "../../llb/ops.js";
import type { Stack } from "../../solver/layers/ports.js";
import { commandOf, secretsOf } from "../../solver/ops/failed-step.js";
import type { StepResult } from "../../solver/result.js";
import { commandIn, NO_SURROUNDINGS } from "../debug/recorded-state.js";
import type { StepState } from "../debug/state.js";
import { type LowersOf, mountsOf } from "../debug/step-mounts.js";
import type { PlannedStep } from "./planned-steps.js";

interface Solved {
  /** Results of the steps that ran. */
  readonly results: ReadonlyMap<Digest, StepResult>;
  readonly store: Pick<Store, "cacheMountPath">;
  readonly lowersOf: LowersOf;
}

/** Returns the state in which a step begins: files of the step before, and its own surroundings. */
export async function stateBefore({ name, vertex }: PlannedStep, { results, store, lowersOf }: Solved): Promise<StepState> {
  const layersOf = (input: number): Stack | undefined => {
    const edge = vertex.inputs[input];
    const result = edge && results.get(edge.vertex.digest);
    return result?.kind === "layers" ? result.layers : undefined;
  };
  const { op, platform } = vertex;
  const root = rootOf(op);
  const before = vertex.inputs[root]?.vertex.metadata.step;
  const command = op.kind === "exec" ? op : undefined;
  const { mounts, missing } = command ? await mountsOf(command, { layersOf, store, lowersOf }) : { mounts: [], missing: [] };
  return {
    summary: { name: before === undefined ? name : stepName(before), command: command?.args ?? [], missing },
    op: command ? commandOf(command) : commandIn(vertex.metadata.surroundings ?? NO_SURROUNDINGS),
    layers: layersOf(root) ?? [],
    mounts,
    secrets: command ? secretsOf(command) : [],
    secretEnv: command?.secretEnv ?? [],
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Returns the number of the input that an operation changes; -1 for none. */
function rootOf(op: Op): number {
  switch (op.kind) {
    case "exec": {
      const root = op.mounts.find(({ dest }) => dest === "/");
      return root?.type === "bind" ? root.input : -1;
    }
    case "file":
      return op.actions[0]?.input ?? -1;
    case "merge":
    case "diff":
      return 0;
    case "source":
      return -1;
  }
}
