import { noSuchBuild, buildRemoved, noSuchStep, ambiguousBuild, ambiguousStep } from "./errors.js";
import type { BuildHistory, BuildSummary } from "../../cache/contract/builds.js";
import type { ResultIndex } from "../../cache/contract/results.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { StepExplanation } from "../../core/events.js";
import { type StepPlace, stepPlace } from "../../core/step.js";
import { explainCovered } from "../../solver/explain/cached-step.js";
import { openProcessStore } from "../session/process-store.js";
import { type BuildHistoryStore, readDetail, type RecordedBuild, type RecordedStep } from "../record/build-record.js";

/** Opens the history of builds of a store. Root as for `openImageStore`. Close it when done. */
export async function openBuildHistory(options: { readonly root?: string } = {}): Promise<BuildHistoryStore> {
  const store = openProcessStore(options);
  return buildHistoryOf(store, () => store.close());
}

/** Returns the history commands over a store's builds. */
export function buildHistoryOf(
  { builds, results }: { readonly builds: BuildHistory; readonly results: Pick<ResultIndex, "peek"> },
  close: () => void,
): BuildHistoryStore {
  return {
    list: () => builds.list(),
    get: (ref = "^0") => recordedBuild(findBuild(ref, builds), builds),
    step: findStep,
    explain: (build, step) => step.explanation ?? explainLater(build, step, results),
    log: (id, step) => builds.openLog(id, step),
    remove: (ids) => builds.remove(ids),
    close,
    [Symbol.dispose]: close,
  };
}

function findBuild(ref: string, builds: BuildHistory): BuildSummary {
  const all = builds.list();
  const back = /^\^(\d+)$/.exec(ref)?.[1];
  const found = back === undefined ? all.filter(({ id }) => ref !== "" && id.startsWith(ref)) : all.slice(Number(back), Number(back) + 1);
  const [only, another] = found;
  if (!only) {
    const count = all.length === 1 ? "one build is" : all.length === 0 ? "no build is" : `${all.length} builds are`;
    throw noSuchBuild(ref, count);
  }
  if (another && only.id !== ref) {
    throw ambiguousBuild(ref, found);
  }
  return only;
}

function explainLater(build: RecordedBuild, step: RecordedStep, results: Pick<ResultIndex, "peek">): StepExplanation | undefined {
  const { status, key, coveredBy } = step;
  if (status !== "cached") return undefined;
  const by = coveredBy === undefined ? undefined : build.stepList.find(({ number }) => number === coveredBy)?.name;
  return explainCovered(key === undefined ? undefined : results.peek(key as CacheKey), by, build.createdAt + build.duration);
}

function recordedBuild(summary: BuildSummary, builds: BuildHistory): RecordedBuild {
  const record = builds.get(summary.id);
  if (!record) throw buildRemoved(summary);
  const { warnings: warningList, steps: stepList, ...detail } = readDetail(record.detail);
  return { ...detail, ...summary, stepList, warningList };
}

/** Returns the spellings of a place: `2/4`, `build 2/4`, and with the platform in front. */
function spellings({ platform, stage, position, of }: StepPlace): readonly string[] {
  const words = [`${position}/${of}`, ...(stage === "" ? [] : [stage]), ...(platform === undefined ? [] : [platform])];
  return words.map((_, index) =>
    words
      .slice(0, index + 1)
      .reverse()
      .join(" ")
      .toLowerCase(),
  );
}

function findStep(build: RecordedBuild, text: string): RecordedStep {
  const found = stepsOf(build, text);
  const [only, another] = found;
  if (!only) throw noSuchStep(text, build, build.stepList);
  if (another) throw ambiguousStep(text, build, found);
  return only;
}

/** Returns the steps that a text may mean. */
function stepsOf({ stepList: steps }: RecordedBuild, text: string): readonly RecordedStep[] {
  const number = /^#?(\d+)$/.exec(text)?.[1];
  if (number !== undefined) return steps.filter((step) => step.number === Number(number));
  const line = /^[^\s:]*:(\d+)$/.exec(text)?.[1];
  const onLine = line === undefined ? [] : steps.filter((step) => step.line === Number(line) && step.step.kind === "instruction");
  if (onLine.length > 0) return withoutParts(onLine);
  const wanted = text.toLowerCase();
  const placed = steps.flatMap((step) => {
    const place = stepPlace(step.step);
    return place ? [{ step, place }] : [];
  });
  const at = placed.filter(({ place }) => spellings(place).includes(wanted));
  if (at.length > 0) return withoutParts(at.map(({ step }) => step));
  const stage = placed.filter(({ place }) => place.stage !== "" && stageNames(place).includes(wanted));
  const last = Math.max(...stage.map(({ place }) => place.position));
  if (stage.length > 0) return withoutParts(stage.filter(({ place }) => place.position === last).map(({ step }) => step));
  return steps.filter(({ name }) => name.toLowerCase().includes(wanted));
}

/** Leaves out a copy whose files another step of the same place links into the stage. */
function withoutParts(steps: readonly RecordedStep[]): readonly RecordedStep[] {
  const linked = steps.find(({ step }) => step.kind === "instruction" && step.text.startsWith("LINK "));
  const isPart = ({ step }: RecordedStep): boolean =>
    linked?.step.kind === "instruction" && step.kind === "instruction" && linked.step.text === `LINK ${step.text}`;
  return steps.filter((step) => !isPart(step));
}

/** Returns the spellings of a stage: `build`, and with the platform in front. */
function stageNames({ platform, stage }: StepPlace): readonly string[] {
  return [stage, ...(platform === undefined ? [] : [`${platform} ${stage}`])].map((name) => name.toLowerCase());
}
