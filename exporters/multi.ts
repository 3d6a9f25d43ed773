import type { ExportContext, Exporter, ExportRequest, ExportResult } from "./exporter.js";

/** One export among several. */
export interface ExportJob {
  readonly exporter: Exporter;
  readonly request: ExportRequest;
  readonly context: ExportContext;
}

/**
 * Runs several exports at once. When one fails the others are stopped, and the first failure is thrown once all have ended; each exporter
 * cleans up after itself, but one that was done already stays. Results in the order given.
 */
export async function exportAll(jobs: readonly ExportJob[]): Promise<readonly ExportResult[]> {
  const stop = new AbortController();
  const results = await Promise.allSettled(
    jobs.map(async ({ exporter, request, context }) => {
      try {
        return await exporter.export(request, {
          ...context,
          progress: context.progress.bind(context),
          signal: AbortSignal.any([context.signal, stop.signal]),
        });
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  if (stop.signal.aborted) throw stop.signal.reason;
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
