import type { Diagnostic } from "../../core/diagnostics.js";
import { DiagnosticsError, throwIfAborted } from "../../core/errors.js";
import { type BuildEvent, now } from "../../core/events.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { type BuildEnd, BuildRecorder } from "../record/build-recorder.js";
import { StepCounter } from "../record/step-counter.js";
import { checkOutputs } from "../options/check-outputs.js";
import { collectBelow } from "../store/collect.js";
import type { BuildOptions, BuildResult } from "../options/options.js";
import { type ResolvedBuildOptions, resolveBuildOptions } from "../options/resolve-options.js";
import { Session } from "../session/session.js";
import { type RunOptions, runBuild } from "./run-build.js";

/**
 * Builds an image from a Dockerfile. Throws a TsbuildError for every fault that a user can fix:
 * DiagnosticsError for the Dockerfile, ExecError for a step that failed, CanceledError after an
 * abort of `signal`. Nothing of the build is left running by then.
 */
export async function build(options: BuildOptions = {}): Promise<BuildResult> {
  const build = resolveBuildOptions(options);
  await checkOutputs(build.outputs, build.cacheTo);
  let result: BuildResult;
  try {
    throwIfAborted(build.signal);
    const started = now();
    result = await withResource(new Session(build), (session) => buildInSession(build, session, started));
  } catch (error) {
    // Completed steps are cached, and a Dockerfile that is being written fails many times, so
    // collection runs after a failure too. A ctrl-c does not wait for it.
    if (!(error instanceof DiagnosticsError) && build.signal?.aborted !== true) await collectAfter(build, { ifDue: true });
    throw error;
  }
  if (!result.collectionDue || !build.collect) return result;
  await collectAfter(build, { ifDue: false });
  return { ...result, collectionDue: false };
}

/** Brings the store below its budget. Its failure changes no build: the next one collects again. */
async function collectAfter({ root, budget, collect }: ResolvedBuildOptions, { ifDue }: { readonly ifDue: boolean }): Promise<void> {
  if (collect && budget !== undefined) await collectBelow({ root, budget, ifDue }).catch(() => undefined);
}

/** Builds in a session that the caller holds, and records the build. */
export async function buildInSession(
  build: ResolvedBuildOptions,
  session: Session,
  started: number,
  { target, onCompiled }: Pick<RunOptions, "target" | "onCompiled"> = {},
): Promise<BuildResult> {
  const tally = new StepCounter();
  const recorder = build.recorded ? new BuildRecorder({ history: session.store.builds, build, tally, startedAt: started }) : undefined;
  const onEvent = (event: BuildEvent): void => {
    tally.count(event);
    recorder?.onEvent(event);
    build.onEvent?.(event);
  };
  let result: BuildResult;
  try {
    const made = await runBuild(build, session, { id: recorder?.id, started, onEvent, target, onCompiled });
    const { steps, executed, cached } = tally.counts;
    result = { ...made, stats: { steps, executed, cached, duration: now() - started } };
  } catch (error) {
    await record(recorder, { error });
    throw error;
  }
  const problem = await record(recorder, { result });
  if (problem) onEvent({ type: "warning", diagnostic: problem });
  const warnings = problem ? [...result.warnings, problem] : result.warnings;
  return { ...result, warnings, collectionDue: build.budget !== undefined && session.store.gc.exceeds(build.budget) };
}

/** Writes the build's record. The build has ended, so a failure here is only a warning. */
async function record(recorder: BuildRecorder | undefined, end: BuildEnd): Promise<Diagnostic | undefined> {
  try {
    await recorder?.finish(end, now());
    return undefined;
  } catch (error) {
    const message = `The build could not be recorded: ${error instanceof Error ? error.message : String(error)}`;
    return { severity: "warning", code: "history/not-recorded", message };
  }
}
