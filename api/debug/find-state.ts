import { existsSync } from "node:fs";
import type { Store } from "../../cache/store.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import { failedLayers, type FailedStep, failedSteps } from "../../solver/ops/failed-step.js";
import type { RecordedBuild, RecordedStep } from "../record/build-record.js";
import { buildHistoryOf } from "../store/build-history.js";
import { baseStep, neverEnded, noFailedStep, replacedState, stepCollected } from "./errors.js";
import { recordedState } from "./recorded-state.js";
import type { StepState } from "./state.js";
import type { LowersOf } from "./step-mounts.js";

/** The step whose state is wanted. */
export interface WantedStep {
  /** Build, as for `BuildHistoryStore.get`. Default: the newest. */
  readonly build?: string;
  /** Step, as for `BuildHistoryStore.step`. Default: the one that failed, else the last one. */
  readonly step?: string;
}

/** Finds the state of a step: as it failed, or as it ended. */
export async function findState({ build, step }: WantedStep, store: Store, lowersOf: LowersOf): Promise<StepState> {
  const kept = failedSteps(store.memo);
  if (step === undefined) {
    const failed = keptWithout(build, kept, store);
    if (failed) return failedState(failed, store);
  }
  const history = buildHistoryOf(store, () => {});
  const recorded = history.get(build);
  const wanted = step === undefined ? lastStep(recorded) : history.step(recorded, step);
  if (wanted.status === "failed") return failedState(keptOf(recorded, wanted, kept), store);
  if (wanted.status !== "completed" && wanted.status !== "cached") throw neverEnded(wanted.name);
  if (wanted.step.kind === "base") throw baseStep(wanted.name, wanted.step.ref);
  return await recordedState(wanted, recorded, store, lowersOf);
}

/** Returns a failed step of a build without a record: it was imported, or nothing is recorded. */
function keptWithout(build: string | undefined, kept: readonly FailedStep[], { builds }: Store): FailedStep | undefined {
  const recorded = builds.list();
  const isRecorded = (step: FailedStep): boolean => recorded.some(({ id }) => id === step.build);
  if (build !== undefined) return kept.find((step) => build !== "" && step.build?.startsWith(build) && !isRecorded(step));
  const [newest] = kept;
  const [last] = recorded;
  if (!newest && !last) throw noFailedStep();
  return newest && !isRecorded(newest) && newest.at >= (last?.createdAt ?? 0) ? newest : undefined;
}

/** Returns the step that failed, else the last one of the target. */
function lastStep({ id, stepList }: RecordedBuild): RecordedStep {
  const steps = stepList.filter(({ step }) => step.kind === "instruction");
  const failed = steps.find(({ status }) => status === "failed");
  // Stages behind the target do not run.
  const found = failed ?? steps.toSorted((a, b) => (a.line ?? a.number) - (b.line ?? b.number)).at(-1);
  if (!found) throw noFailedStep(id);
  return found;
}

function keptOf(build: RecordedBuild, { name }: RecordedStep, kept: readonly FailedStep[]): FailedStep {
  const same = kept.filter((step) => step.name === name);
  const own = same.find((step) => step.build === build.id);
  if (own) return own;
  const [newer] = same;
  if (newer?.build !== undefined) throw replacedState(name, newer.build);
  throw stepCollected(name);
}

/** Returns the state of a step that failed. */
export function failedState(step: FailedStep, store: Store): StepState {
  const { name, build, at, op, platform, mounts, secrets, secretEnv, limits, imported } = step;
  const layers = failedLayers(step, store);
  if (!layers) throw stepCollected(name);
  const gone = mounts.filter((mount) => !isThere(mount)).map(({ dest }) => dest);
  return {
    summary: {
      name,
      ...(build === undefined ? {} : { build }),
      ...(imported?.ended ? {} : { failedAt: at }),
      command: op.args,
      missing: imported?.mounts ?? gone,
    },
    op,
    layers,
    mounts: mounts.filter(isThere),
    secrets,
    secretEnv,
    ...(platform === undefined ? {} : { platform }),
    ...(limits && { limits }),
  };
}

/** Returns true unless the files of a mount were collected. */
function isThere(mount: SandboxMount): boolean {
  if (mount.type === "bind" || mount.type === "device") return existsSync(mount.source);
  if (mount.type === "host") return existsSync(mount.directory);
  return mount.type !== "overlay" || mount.lowers.every((path) => existsSync(path));
}
