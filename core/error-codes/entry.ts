/** One stable code of an error or a warning, for docs/errors.md. */
export interface ErrorEntry {
  /** Name of the problem, in a few words. */
  readonly title: string;
  /** Reason, in sentences. */
  readonly cause: string;
  /** Sentence that says how to go on. Links are those of a page in docs/. */
  readonly wayOut: string;
}
