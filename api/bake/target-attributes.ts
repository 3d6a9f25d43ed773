import { isAbsolute, join } from "node:path";
import type { PlannedBakeTarget } from "../options/planned-target.js";
import { isAddress } from "../../core/text/address.js";

/** Attributes of a target in the forms that `--print` has. */
export interface TargetAttributes {
  readonly context: string;
  readonly dockerfile: string;
  readonly "dockerfile-inline"?: string;
  readonly contexts?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: readonly string[];
  readonly tags?: readonly string[];
  readonly target?: string;
  readonly platforms?: readonly string[];
  readonly output?: readonly Attributes[];
  readonly "cache-from"?: readonly Attributes[];
  readonly "cache-to"?: readonly Attributes[];
  readonly attest?: readonly Attributes[];
  readonly secret?: readonly Attributes[];
  readonly ssh?: readonly { readonly id?: string; readonly paths?: readonly string[] }[];
  readonly pull?: boolean;
  readonly "no-cache"?: boolean;
  readonly "no-cache-filter"?: readonly string[];
  readonly network?: string;
  readonly "shm-size"?: string;
  readonly ulimits?: readonly string[];
  readonly resources?: readonly string[];
  readonly service?: readonly string[];
  readonly "extra-hosts"?: Readonly<Record<string, string>>;
  readonly entitlements?: readonly string[];
  readonly call?: string;
}

export type Attributes = Readonly<Record<string, string | boolean>>;

export function attributesOf(target: PlannedBakeTarget): TargetAttributes {
  return target.attributes as unknown as TargetAttributes;
}

const LOCAL = "cwd://";

/**
 * Returns the path of a target's Dockerfile: relative to its context, or to the working directory.
 */
export function dockerfilePath({ context, dockerfile }: TargetAttributes): string {
  if (dockerfile.startsWith(LOCAL)) return dockerfile.slice(LOCAL.length);
  return isAddress(context) || isAddress(dockerfile) || isAbsolute(dockerfile) ? dockerfile : join(context, dockerfile);
}

/** Returns the source of a named context, as the command line of a build has it. */
export function contextSource(source: string): string {
  return source.startsWith(LOCAL) ? source.slice(LOCAL.length) || "." : source;
}
