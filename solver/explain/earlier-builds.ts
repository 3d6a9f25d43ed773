import type { ResultIndex } from "../../cache/contract/results.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { StepInfo } from "../../core/step.js";
import type { Selections } from "./selections.js";
import type { PortableRun } from "./portable-explanation.js";

/** Origin of a result, as its record says. */
interface Provenance {
  /** Id of the build. */
  readonly build: string | undefined;
  readonly projects: Projects;
}

/**
 * Projects of the store. A project is a Dockerfile in its context, named by a hash without blanks;
 * see `NewResult.origin`.
 */
export interface Projects {
  /** Project of this build. */
  readonly own: string;
  /**
   * Returns the builds whose steps compare best with this build's, the best first. Builds of the
   * same project come before those of an image with the same name. Among these, builds for the same
   * platforms and of the same name come first, then later ones.
   */
  builds(): readonly PastBuild[];
  /**
   * Returns true when no build of that project made an image with a name of this build. Common
   * steps are chance then.
   */
  isForeign(project: string): boolean;
  /** Returns the context of a project, for display. */
  describe(project: string): string;
}

export interface PastBuild {
  readonly id: string;
  /** Context for display, when the build is of another project. */
  readonly otherContext: string | undefined;
  readonly steps: readonly {
    readonly step: StepInfo;
    readonly finished: boolean;
    /** Cache key of its result, as long as the store has it. */
    readonly key: CacheKey | undefined;
  }[];
}

/** Data that explanations are made from. */
export interface ExplainContext {
  /** The store's results, and behind them those of the caches that this build reads from. */
  readonly results: ResultIndex;
  /** Returns the rule that hides an existing path of a local directory: `.dockerignore:3`. */
  readonly hiddenBy: (name: string, path: string) => string | undefined;
  /** Lists of files behind content digests. */
  readonly selections: Selections;
  /** Returns runs of other machines that were imported with caches, by cache. */
  readonly importedRuns: () => readonly { readonly from: string; readonly runs: readonly PortableRun[] }[];
  /** Origin that results are recorded with. */
  readonly provenance: Provenance;
}
