import { limitsOnlyWatched } from "../errors.js";
import { type Controller, type LimitRequest, type LimitsReport } from "./limits.js";
import { startUserScope } from "./user-scope.js";

/** Task of the worker that says how limits hold. */
export const LIMITS_TASK = "limits";

/** `again` looks at the machine once more. */
export type LimitsTaskParams = readonly [request: LimitRequest, again?: boolean];

/** The worker, as far as it is asked about limits. */
export interface LimitsWorker {
  task<R>(name: string, params: unknown): Promise<R>;
}

/**
 * Gives a process a scope of its own, in which its user may make groups. Returns false where nobody
 * does.
 */
type ScopeStarter = (pid: number) => Promise<boolean>;

/**
 * Returns how limits hold. Asks systemd for a place for groups where there is none. Throws
 * `exec/limits` when `strict` wants better.
 */
export async function prepareLimits(
  worker: LimitsWorker,
  request: LimitRequest,
  startScope: ScopeStarter = startUserScope,
): Promise<LimitsReport> {
  let report = await worker.task<LimitsReport>(LIMITS_TASK, [request] satisfies LimitsTaskParams);
  if (watchedIn(report).some((name) => name !== "disk") && (await startScope(report.worker)))
    report = await worker.task<LimitsReport>(LIMITS_TASK, [request, true] satisfies LimitsTaskParams);
  const watched = watchedIn(report);
  if (request.strict && watched.length > 0) throw limitsOnlyWatched(watched);
  return report;
}

/** Returns the controllers whose limits are only watched. */
export function watchedIn({ by }: LimitsReport): readonly Controller[] {
  return by.flatMap(({ mechanism, controllers }) => (mechanism === "watchdog" ? controllers : []));
}

/** Returns the line that says how limits hold. */
export function limitsText({ by }: LimitsReport): string {
  return by
    .map(({ mechanism, controllers }) =>
      mechanism === "watchdog" ? `a watchdog: sampled, not exact (${controllers.join(", ")})` : `${mechanism} (${controllers.join(", ")})`,
    )
    .join(", ");
}
