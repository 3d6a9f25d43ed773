/** `missing`: builds with RUN do not work without it. `warning`: they do, with less. */
export type CheckStatus = "ok" | "warning" | "missing";

/** One thing that was looked at. */
export interface DoctorCheck {
  /** Stable, for scripts: `user-namespaces`. */
  readonly name: string;
  readonly status: CheckStatus;
  /** What it is, for people. */
  readonly title: string;
  /** One sentence without a period. */
  readonly found: string;
  /** Files, settings and variables that decide it, with their values where they have one. */
  readonly controlledBy: readonly string[];
  /** The way out; undefined when all is well or nobody can change it. */
  readonly fix: string | undefined;
}

export interface DoctorReport {
  /** Whether builds with RUN work here: nothing is missing. */
  readonly ok: boolean;
  /** Whom it is true for. */
  readonly user: string;
  readonly checks: readonly DoctorCheck[];
}
