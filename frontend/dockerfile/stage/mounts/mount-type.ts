import type { Mount } from "../../../../llb/ops.js";
import type { Edge } from "../../../../llb/vertex.js";
import type { Inputs } from "../inputs.js";
import type { InstructionContext } from "../instruction-context.js";

export const SHARING = ["locked", "private", "shared"] as const;
export type Sharing = (typeof SHARING)[number];

/** Keys of `--mount` that not every type takes. */
export type OwnKey = "sharing" | "required" | "size" | "mode" | "uid" | "gid" | "env";

/** `RUN --mount=…`, values expanded. */
export interface RunMount {
  readonly type: string;
  readonly from: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly readonly: boolean;
  readonly id: string | undefined;
  readonly sharing: Sharing | undefined;
  readonly required: boolean;
  /** Size in bytes. */
  readonly size: number | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Variable that gets the value of a secret. */
  readonly env: string | undefined;
}

/** A mount of a step, with the facts around it. */
export interface MountPlace {
  /** Absolute, clean path of the target; the working directory where the mount has none. */
  readonly dest: string;
  /** Number of mounts of the same type before this one. */
  readonly before: number;
  /** Root of the stage or image that `from` names. */
  readonly from: Edge | undefined;
  readonly inputs: Inputs;
  readonly at: InstructionContext;
  /** Refuses the mount. */
  readonly fail: (why: string, hint?: string) => never;
}

/** One type of mount: the keys it takes, and the mount of the operation that it becomes. */
export interface MountType {
  readonly type: string;
  /** Keys besides those that every type takes. */
  readonly keys: readonly OwnKey[];
  /** True for a mount that steps may write to unless it says otherwise. */
  readonly writable?: boolean;
  /** True for a mount that has a path of its own where it names none. */
  readonly ownPath?: boolean;
  /** Source of a mount without `from`. Undefined for a mount that has no source. */
  readonly source?: "context" | "nothing";
  /** True for a mount whose `from` names no stage. */
  readonly noSource?: boolean;
  /** Calls `fail` for keys that do not go together. */
  check?(mount: RunMount, fail: (why: string, hint?: string) => never): void;
  /** Returns the secret or agent that a build needs for the mount. */
  asks?(mount: RunMount): { readonly kind: "secret" | "ssh"; readonly name: string };
  /** Returns the mount of the operation; undefined for one that is no file. */
  lower(mount: RunMount, place: MountPlace): Mount | undefined;
}

/** Returns the owner of the files that a mount makes. */
export function ownerOf({ uid = 0, gid = 0 }: RunMount): { readonly uid: number; readonly gid: number } {
  return { uid, gid };
}

/** Returns the last part of a path. */
export function lastPart(path: string): string {
  return path.split("/").filter(Boolean).pop() ?? "";
}
