/** `missing`: builds with RUN do not work without it. `warning`: they do, with less. */
export type CheckStatus = "ok" | "warning" | "missing";

/** One result of a check. */
export interface DoctorCheck {
  /** Stable name, for scripts: `user-namespaces`. */
  readonly name: string;
  readonly status: CheckStatus;
  /** Title for people. */
  readonly title: string;
  /** Finding in one sentence without a period. */
  readonly found: string;
  /** Files, settings and variables that decide it, with their values where they have one. */
  readonly controlledBy: readonly string[];
  /** Way out; undefined when all is well or nobody can change it. */
  readonly fix: string | undefined;
}

export interface DoctorReport {
  /** True when builds with RUN work here: nothing is missing. */
  readonly ok: boolean;
  /** User of the report. */
  readonly user: string;
  readonly checks: readonly DoctorCheck[];
}
