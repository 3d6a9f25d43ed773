import type { OnWait } from "../../net/limits.js";
import type { LayerTasks } from "../../oci/layer/model/tasks.js";
import type { Descriptor } from "../../oci/types.js";
import type { Stack } from "../../cache/contract/stacks.js";

type Runner<Name extends keyof LayerTasks> = (
  params: Parameters<LayerTasks[Name]>[0],
  options: { readonly signal: AbortSignal },
) => ReturnType<LayerTasks[Name]>;

/**
 * The heavy tasks on layers: `apply`, `diff`, `check` and `packMapped` (a `pack` that reads files
 * of mapped ids) run in the worker, the others on threads of this process. Abort ends a task and
 * removes its files.
 */
export type LayerTaskRunner = { readonly [Name in keyof LayerTasks]: Runner<Name> } & { readonly packMapped: Runner<"pack"> };

/** Fetches the bytes of a base layer. `origin` is the canonical reference it was resolved from. */
export type FetchBlob = (origin: string, blob: Descriptor, options: FetchOptions) => AsyncIterable<Uint8Array>;

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** Called for every wait for a server. */
  readonly onWait?: OnWait | undefined;
}

/** Reporter of work on layers: the step that asked for it. */
export interface Reporter {
  readonly signal: AbortSignal;
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
}

/**
 * Returns a reporter for the same step with another signal: for work that others share, or that
 * ends with its siblings.
 */
export function sharedReporter(reporter: Reporter, signal: AbortSignal): Reporter {
  return { signal, progress: (...part) => reporter.progress(...part) };
}

export type { Stack };
