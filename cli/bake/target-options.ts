import { join, isAbsolute } from "node:path";
import type { PlannedBakeTarget } from "../../api/options/planned-target.js";
import type { BuildOptions } from "../../api/options/options.js";
import { isAddress } from "../../core/text/address.js";
import type { CliEnvironment } from "../environment.js";
import { BUILD_SYNTAX } from "../syntax/build-flags.js";
import { readBuildOptions, readInputs } from "../syntax/build-options.js";
import { parseFlags } from "../syntax/flags.js";
import { parseOutputs } from "../syntax/outputs-syntax.js";
import { inputOfTarget } from "./errors.js";

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
  readonly "extra-hosts"?: Readonly<Record<string, string>>;
  readonly entitlements?: readonly string[];
  readonly call?: string;
}

type Attributes = Readonly<Record<string, string | boolean>>;

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

/**
 * Returns the options of a target's build. They are read as the command line of `build` is, because
 * an attribute of a target and the flag of that name mean the same.
 */
export async function targetOptions(
  target: PlannedBakeTarget,
  rest: readonly string[],
  environment: CliEnvironment,
): Promise<BuildOptions> {
  const attributes = attributesOf(target);
  if (attributes.context === "-" || attributes.dockerfile === "-") throw inputOfTarget(target.name);
  const inline = attributes["dockerfile-inline"];
  const file = inline === undefined ? ["--file", dockerfilePath(attributes)] : [];
  const flags = parseFlags(BUILD_SYNTAX, [...argumentsOf(attributes), ...file, ...rest, "--", attributes.context]);
  const outputs = parseOutputs(flags.all("output"), { push: false, load: false }, environment);
  return {
    ...readBuildOptions(flags, environment),
    ...(await readInputs(flags, environment)),
    ...(inline === undefined ? {} : { dockerfile: { text: inline, name: "Dockerfile" } }),
    ...(outputs.length > 0 ? { outputs } : {}),
  };
}

function argumentsOf(target: TargetAttributes): readonly string[] {
  return [
    ...named("build-arg", target.args),
    ...named("label", target.labels),
    ...named("build-context", mapValues(target.contexts, contextSource)),
    ...named("add-host", target["extra-hosts"], ":"),
    ...each("annotation", target.annotations),
    ...each("tag", target.tags),
    ...each("platform", target.platforms),
    ...each("no-cache-filter", target["no-cache-filter"]),
    ...each("ulimit", target.ulimits),
    ...each("allow", target.entitlements),
    ...each("output", target.output?.map(csv)),
    ...each("cache-from", target["cache-from"]?.map(csv)),
    ...each("cache-to", target["cache-to"]?.map(csv)),
    ...each("attest", target.attest?.map(csv)),
    ...each("secret", target.secret?.map(csv)),
    ...each(
      "ssh",
      target.ssh?.map(({ id = "default", paths = [] }) => (paths.length > 0 ? `${id}=${paths.join(",")}` : id)),
    ),
    ...each("target", given(target.target)),
    ...each("network", given(target.network)),
    ...each("shm-size", given(target["shm-size"])),
    ...(target["no-cache"] ? ["--no-cache"] : []),
    ...(target.pull ? ["--pull"] : []),
  ];
}

function given(text: string | undefined): readonly string[] {
  return text ? [text] : [];
}

function each(flag: string, values: readonly string[] = []): readonly string[] {
  return values.map((value) => `--${flag}=${value}`);
}

function named(flag: string, values: Readonly<Record<string, string>> = {}, between = "="): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--${flag}=${name}${between}${value}`);
}

function mapValues(values: Readonly<Record<string, string>> = {}, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

/** Returns a line of docker's comma-separated values. */
function csv(attributes: Attributes): string {
  const { type, ...rest } = attributes;
  const pairs = [...(type === undefined ? [] : [["type", type] as const]), ...Object.entries(rest)].map(
    ([name, value]) => `${name}=${value}`,
  );
  return pairs.map((pair) => (/[",]/.test(pair) ? `"${pair.replaceAll('"', '""')}"` : pair)).join(",");
}
