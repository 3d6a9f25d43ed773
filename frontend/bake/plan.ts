import { posix } from "node:path";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { isAddress } from "../../core/text/address.js";
import { withinStack } from "../../core/text/within-stack.js";
import { tooDeep } from "../hcl/errors.js";
import { contextElsewhere } from "./errors.js";
import type { BakeDefinition } from "./definition.js";
import type { TargetFields } from "./fields.js";
import { type BakePlan, type PlannedTarget, selectTargets } from "./select.js";

/** Choices of one run that the command line adds to the files. */
export interface PlanOptions {
  /** Names and patterns of targets and groups; none is `default`. */
  readonly targets: readonly string[];
  /** `TARGET.KEY=VALUE`. */
  readonly set: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  readonly noCache: boolean | undefined;
  readonly pull: boolean | undefined;
  /** Attestations of every target: true, false, or attributes. */
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
  /** Method that is called instead of a build. */
  readonly call: string | undefined;
  /** Returns a variable of the environment. */
  env(name: string): string | undefined;
  /** Address that relative contexts are of; undefined for a definition of this machine. */
  readonly remote?: string | undefined;
}

/** Prefix of a path of the working directory, where others are of the definition's. */
const LOCAL_PREFIX = "cwd://";

/** Selects the targets to build, with the overrides of the command line. Throws UsageError. */
export function planBake(definition: BakeDefinition, options: PlanOptions): BakePlan {
  const { targets, env } = options;
  const plan = withinStack(
    () => selectTargets(definition, { targets, env, overrides: [...options.set, ...flagOverrides(options)] }),
    () => tooDeep("the files"),
  );
  const epoch = env("SOURCE_DATE_EPOCH");
  return { ...plan, targets: plan.targets.map((target) => finished(target, epoch, options.remote)) };
}

/** Returns the overrides that flags stand for. */
function flagOverrides({ push, load, noCache, pull, provenance, sbom, call }: PlanOptions): readonly string[] {
  return [
    ...(push ? ["*.push=true"] : []),
    ...(load ? ["*.load=true"] : []),
    // BuildKit's name of the method.
    ...(call === undefined ? [] : [`*.call=${call === "check" ? "lint" : call}`]),
    ...(noCache === undefined ? [] : [`*.no-cache=${noCache}`]),
    ...(pull === undefined ? [] : [`*.pull=${pull}`]),
    ...attestOverride("sbom", sbom),
    ...attestOverride("provenance", provenance),
  ];
}

function attestOverride(type: string, text: string | undefined): readonly string[] {
  if (!text) return [];
  const wanted = parseBoolean(text);
  return [`*.attest=type=${type},${wanted === undefined ? text : `disabled=${!wanted}`}`];
}

/** Returns a target with a clean path of its context, and dated as the environment says. */
function finished(target: PlannedTarget, epoch: string | undefined, remote: string | undefined): PlannedTarget {
  const { context = ".", contexts, args } = target.fields;
  const dated = epoch && !args?.has("SOURCE_DATE_EPOCH") ? { args: new Map([...(args ?? []), ["SOURCE_DATE_EPOCH", epoch] as const]) } : {};
  const named =
    remote === undefined || !contexts
      ? {}
      : { contexts: new Map([...contexts].map(([name, path]) => [name, path && elsewhere(path, remote)])) };
  const fields: TargetFields = {
    ...target.fields,
    ...dated,
    ...named,
    context: cleanPath(remote === undefined ? context : elsewhere(context, remote)),
  };
  return { ...target, fields };
}

/** Returns a context of a definition that is elsewhere: a relative one is a directory there. */
function elsewhere(path: string, remote: string): string {
  if (path.startsWith(LOCAL_PREFIX) || isAddress(path) || path.startsWith("target:")) return path;
  const directory = clean(path);
  if (directory === ".") return remote;
  if (/^https?:\/\/[^#]*\.(?:tar|tgz|tar\.\w+|zip)$/i.test(remote)) throw contextElsewhere(path, remote);
  const [address = "", fragment = ""] = remote.split("#");
  const [ref = "", inside = ""] = fragment.split(":");
  return `${address}#${ref}:${clean(posix.join(inside, directory))}`;
}

/** Returns a path as Go's path.Clean, without the prefix of local paths. Addresses stay. */
function cleanPath(path: string): string {
  if (path.startsWith(LOCAL_PREFIX)) return clean(path.slice(LOCAL_PREFIX.length));
  return isAddress(path) ? path : clean(path);
}

function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}
