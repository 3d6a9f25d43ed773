import type { Digest } from "./digest.js";

/** A request of a step that went through its recording proxy. */
export interface WebRequest {
  readonly method: string;
  /** Address without user, password and fragment, and without values that look like secrets. */
  readonly url: string;
  /** Status of the answer; undefined without one. */
  readonly status?: number;
  /** Bytes of the answer's body. */
  readonly bytes: number;
  /** Digest of the whole body of a successful GET. */
  readonly digest?: Digest;
  /** Address that the answer leads to. */
  readonly location?: string;
  /** Reason why the answer is no material, in BuildKit's words. */
  readonly incomplete?: IncompleteReason;
  /** Reason why the proxy did not pass it on. */
  readonly refused?: string;
}

export type IncompleteReason =
  | "method_not_materializable"
  | "partial_response"
  | "body_read_failed"
  | "unsuccessful_response"
  | "upstream_error";

/** Requests of a step, in the order of their beginnings. */
export interface WebRequests {
  readonly list: readonly WebRequest[];
  /** Requests beyond those that are kept. */
  readonly more: number;
}
