/**
 * Kind of the memos that record the manifest behind a base image's name. A build without a network
 * uses them.
 */
export const BASE_IMAGES = "ref";

/** Kind of the memos that record steps as they failed, one in each slot. */
export const FAILED_STEPS = "failed-step";

export interface Memo {
  /** Yields every value of a kind, in no order. */
  list(kind: string): Iterable<Buffer>;
  get(kind: string, key: string): Buffer | undefined;
  set(kind: string, key: string, value: string | Uint8Array): void;
}
