import type { Diagnostic } from "../../core/diagnostics.js";
import { DiagnosticsError, throwIfAborted } from "../../core/errors.js";
import { type BuildEvent, type EventSink, now } from "../../core/events.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { assembleImage } from "../../exporters/assemble-image.js";
import type { ExportRequest, ExportResult } from "../../exporters/exporter.js";
import { type Built, buildImages, uniqueDiagnostics } from "./build-images.js";
import { type BuildEnd, BuildRecorder } from "../record/build-recorder.js";
import { runAsStep } from "../record/build-steps.js";
import { StepTally } from "../record/step-tally.js";
import { checkOutputs } from "../options/check-outputs.js";
import { collect } from "../store/collect.js";
import { manyLayers } from "../options/many-layers.js";
import type { BuildOptions, BuildResult, ImageForm, Output, PushForm } from "../options/options.js";
import { blobForms, exportersFor, formKey, mayStay } from "./outputs.js";
import { type ResolvedBuildOptions, resolveBuildOptions } from "../options/resolve-options.js";
import type { ResolvedOutput } from "../options/resolve-outputs.js";
import { Session } from "../session/session.js";

/**
 * Builds an image from a Dockerfile. Throws a TsbuildError for everything a user can mend: DiagnosticsError for the Dockerfile, ExecError for a
 * step that failed, CanceledError after an abort of `signal`; by then nothing of the build is left running.
 */
export async function build(options: BuildOptions = {}): Promise<BuildResult> {
  const resolved = resolveBuildOptions(options);
  await checkOutputs(resolved.outputs, resolved.cacheTo);
  let result: BuildResult;
  try {
    throwIfAborted(options.signal);
    const started = now();
    result = await withResource(new Session(options), (session) => buildInSession(options, resolved, session, started));
  } catch (error) {
    // Steps that had ended are cached, and a Dockerfile that is being written fails many times. A ctrl-c is not kept waiting.
    const ran = !(error instanceof DiagnosticsError) && options.signal?.aborted !== true;
    if (ran && resolved.collect) await collect({ ...options, ifDue: true }).catch(() => undefined);
    throw error;
  }
  if (!result.collectionDue || !resolved.collect) return result;
  // The build has succeeded, whatever becomes of this; the next one tries again.
  await collect(options).catch(() => undefined);
  return { ...result, collectionDue: false };
}

async function buildInSession(
  options: BuildOptions,
  resolved: ResolvedBuildOptions,
  session: Session,
  started: number,
): Promise<BuildResult> {
  const tally = new StepTally();
  const recorder = resolved.history
    ? new BuildRecorder({ history: session.store.builds, build: resolved, tally, startedAt: started })
    : undefined;
  const onEvent = (event: BuildEvent): void => {
    tally.count(event);
    recorder?.onEvent(event);
    options.onEvent?.(event);
  };
  let result: BuildResult;
  try {
    const made = await run(resolved, session, { id: recorder?.id, onEvent });
    const { steps, executed, cached } = tally.counts;
    result = { ...made, stats: { steps, executed, cached, duration: now() - started } };
  } catch (error) {
    await record(recorder, { error });
    throw error;
  }
  const problem = await record(recorder, { result });
  if (problem) onEvent({ type: "warning", diagnostic: problem });
  const warnings = problem ? [...result.warnings, problem] : result.warnings;
  return { ...result, warnings, collectionDue: resolved.budget !== undefined && session.store.gc.exceeds(resolved.budget) };
}

/** Writes the build down. It has ended, so what goes wrong here is no more than a warning. */
async function record(recorder: BuildRecorder | undefined, end: BuildEnd): Promise<Diagnostic | undefined> {
  try {
    await recorder?.finish(end, now());
    return undefined;
  } catch (error) {
    const message = `The build could not be recorded: ${error instanceof Error ? error.message : String(error)}`;
    return { severity: "warning", code: "history/not-recorded", message };
  }
}

async function run(
  resolved: ResolvedBuildOptions,
  session: Session,
  { id, onEvent: sink }: { readonly id: string | undefined; readonly onEvent: EventSink },
): Promise<Omit<BuildResult, "stats">> {
  const warnings: Diagnostic[] = [];
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "warning") warnings.push(event.diagnostic);
    sink(event);
  };
  const { outputs } = resolved;
  const image = outputs.some(({ form }) => form !== undefined);
  const solved = await buildImages({ build: resolved, forms: blobForms(outputs), image, mayStay: mayStay(outputs), id }, session, onEvent);
  if (image) for (const diagnostic of manyLayers(solved.images)) onEvent({ type: "warning", diagnostic });
  const caches = await cacheWrites(resolved, solved, session, onEvent);
  const built = { ...solved, images: caches.images };
  const results = await beside(exportAll(resolved, built, session, onEvent), caches.writes());
  return {
    imageId: assembleImage(built.images, "oci").configs[0].digest,
    descriptor: results.find((result) => result.descriptor !== undefined)?.descriptor,
    exports: results.map(({ type, metadata }) => ({ type, metadata })),
    warnings: uniqueDiagnostics(warnings),
  };
}

/** The caches to write, and the images as they are exported then: with an inline cache in them when that was asked for. */
async function cacheWrites(
  options: ResolvedBuildOptions,
  built: Built,
  session: Session,
  onEvent: EventSink,
): Promise<{ readonly images: Built["images"]; writes(): readonly Promise<void>[] }> {
  if (options.cacheTo.length === 0) return { images: built.images, writes: () => [] };
  const { CacheExports } = await import("../remote-cache/cache-exports.js");
  const exports = new CacheExports(built.solved, session, built.imports, onEvent);
  const inline = options.cacheTo.some((cache) => cache.type === "inline");
  return {
    images: inline ? await exports.inline(built.images, built.epoch) : built.images,
    writes: () => options.cacheTo.flatMap((cache) => (cache.type === "inline" ? [] : [exports.write(cache)])),
  };
}

/** What the first gives, when all have ended well. */
async function beside<T>(first: Promise<T>, others: readonly Promise<void>[]): Promise<T> {
  // Nothing goes on behind the back of the one that failed.
  const failed = (await Promise.allSettled([first, ...others])).find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return first;
}

/** Exports to every output, one after the other: they mostly wait for the same disk. */
async function exportAll(
  options: ResolvedBuildOptions,
  built: Built,
  session: Session,
  onEvent: EventSink,
): Promise<(ExportResult & { readonly type: Output["type"] })[]> {
  const results: (ExportResult & { readonly type: Output["type"] })[] = [];
  for (const resolved of options.outputs) {
    const { output, names } = resolved;
    const request = exportRequest(built, resolved);
    let result: ExportResult = { metadata: {} };
    for (const exporter of await exportersFor(output, session, names)) {
      result = await runAsStep({ kind: "export", text: exporter.name }, onEvent, (step) =>
        exporter.export(request, { blobs: session.store.blobs, signal: session.signal, progress: step.progress }),
      );
    }
    if ("unpack" in output && output.unpack) await unpack(built.solved, session.signal, onEvent);
    results.push({ type: output.type, ...result });
  }
  return results;
}

function exportRequest(built: Built, { output, names, annotations, form }: ResolvedOutput): ExportRequest {
  const other = form && built.otherForms.get(formKey(form));
  const { ociMediaTypes, danglingNamePrefix } = output as Partial<ImageForm & PushForm>;
  return {
    images: other ? built.images.map((image, index) => ({ ...image, layers: other[index] ?? image.layers })) : built.images,
    names,
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(ociMediaTypes === undefined ? {} : { mediaTypes: ociMediaTypes ? "oci" : "docker" }),
    ...(danglingNamePrefix === undefined ? {} : { danglingPrefix: danglingNamePrefix }),
    ...(built.epoch === undefined ? {} : { epoch: built.epoch }),
  };
}

/** Unpacks the layers of the images, each once. */
async function unpack({ stacks, layers }: Built["solved"], signal: AbortSignal, onEvent: EventSink): Promise<void> {
  await runAsStep({ kind: "export", text: "unpacking the image" }, onEvent, async ({ progress }) => {
    for (const id of new Set(stacks.flat())) await layers.snapshot(id, { signal, progress });
  });
}
