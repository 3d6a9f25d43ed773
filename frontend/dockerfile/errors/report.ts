import type { Problem } from "../problem.js";

/**
 * Collects the problems of a phase, so that one faulty instruction does not hide the faults of the
 * next.
 */
export class Report {
  readonly #problems: Problem[] = [];

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  get hasErrors(): boolean {
    return this.#problems.some((problem) => problem.severity === "error");
  }

  add(...problems: readonly Problem[]): void {
    this.#problems.push(...problems);
  }
}
