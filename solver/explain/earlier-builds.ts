import type { ResultIndex } from "../../cache/contract/results.js";
import type { CacheKey } from "../../core/cache-key.js";
import type { Selections } from "./selections.js";
import type { TravelledRun } from "./portable-explanation.js";

/** Where a result comes from, as its record says. */
export interface Provenance {
  /** Id of the build. */
  readonly build: string | undefined;
  readonly projects: Projects;
}

/**
 * What explanations know of earlier builds. A project is a Dockerfile in its context, named by a hash without blanks; see `NewResult.origin`.
 */
export interface Projects {
  /** The one that is built. */
  readonly own: string;
  /**
   * Builds whose steps this build's are best compared with, the best first: those of the same project, then those that were to give an image of the
   * same name; among these, builds for the same platforms and of the same name before others, later ones before earlier ones.
   */
  builds(): readonly PastBuild[];
  /** Whether this build gives an image of a name that no build of that project gave, so that steps in common are chance. */
  isForeign(project: string): boolean;
  /** For people: the context of a project. */
  describe(project: string): string;
}

export interface PastBuild {
  readonly id: string;
  /** For people, the context, when it is of another project. */
  readonly elsewhere: string | undefined;
  readonly steps: readonly {
    readonly name: string;
    readonly finished: boolean;
    /** Where the store finds its result as long as it is there. */
    readonly key: CacheKey | undefined;
  }[];
}

/** What explanations are made from. */
export interface ExplainContext {
  /** The store's results, and behind them those of the caches that this build reads from. */
  readonly results: ResultIndex;
  /** Which line of which ignore file hides a path that exists in a local directory: `.dockerignore:3`. */
  readonly hiddenBy: (name: string, path: string) => string | undefined;
  /** What content digests were taken over, for explanations. */
  readonly selections: Selections;
  /** Runs of other machines that came with caches, by cache. */
  readonly travelled: () => readonly { readonly from: string; readonly runs: readonly TravelledRun[] }[];
  /** What results are recorded with. */
  readonly provenance: Provenance;
}
