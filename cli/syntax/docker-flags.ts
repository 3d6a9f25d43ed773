import type { Diagnostic } from "../../core/diagnostics.js";
import { TIERS } from "../../api/options/isolation.js";
import type { Flag } from "../../api/options/option.js";
import { builderAddresses, isBuilderName } from "../../api/texts/builders.js";
import type { Surroundings } from "../../api/texts/surroundings.js";
import type { ParsedFlags } from "./flags.js";

/**
 * A flag without effect here. `idle` says why; it is undefined where the flag asks for the usual
 * behaviour.
 */
interface DockerFlag extends Flag {
  readonly idle?: string;
  /** Values that ask for the usual behaviour. */
  readonly usual?: readonly string[];
  /** Returns true for further values that do something. */
  readonly used?: (value: string) => boolean;
  /** Set where the flag is also one of ours, with other values. */
  readonly declared?: true;
}

const GROUPS = "the groups of steps are made below that of tsbuild, whose limits hold for them too";
const SECURITY = "every step has a sandbox with docker's usual filters";

/**
 * Flags that `docker build` takes and BuildKit ignores, and those that choose among builders:
 * scripts are full of them.
 */
const DOCKER_FLAGS: readonly DockerFlag[] = [
  { name: "rm", text: "Nothing of a step is left behind" },
  { name: "force-rm", text: "Nothing of a step is left behind" },
  { name: "compress", text: "The context is sent nowhere" },
  { name: "squash", text: "Squash layers", idle: "layers are not squashed; a last stage that copies from another has few" },
  { name: "cgroup-parent", value: "<path>", text: "Parent cgroup of RUN steps", idle: GROUPS },
  { name: "isolation", text: "Isolation", idle: SECURITY, usual: ["default", "auto", ...TIERS], declared: true },
  { name: "security-opt", value: "<option>", repeat: true, text: "Security options", idle: SECURITY },
  {
    name: "builder",
    text: "Builder",
    idle: "there are no builders to choose from by name: tsbuild builds by itself, or at an address such as docker://",
    usual: ["default"],
    used: (value) => !isBuilderName(value),
    declared: true,
  },
];

export const HIDDEN_FLAGS: readonly Flag[] = [
  ...DOCKER_FLAGS.filter(({ declared }) => !declared).map((flag) => ({ ...flag, hidden: true })),
  { name: "print", value: "<method>", text: "Old name of --call", hidden: true },
  { name: "debug", short: "D", text: "Say where in tsbuild an error comes from, as TSBUILD_DEBUG=1 does", hidden: true },
];

/**
 * Returns one warning for all flags of a command line that change nothing here, although their
 * users may count on them.
 */
export function idleFlags(flags: ParsedFlags): readonly Diagnostic[] {
  const idle = DOCKER_FLAGS.filter(
    ({ name, idle: why, usual = [], used = () => false }) =>
      why !== undefined &&
      (flags.has(name) || [flags.one(name) ?? [], flags.all(name)].flat().some((value) => !usual.includes(value) && !used(value))),
  );
  if (idle.length === 0) return [];
  const names = idle.map(({ name }) => `--${name}`);
  return [
    {
      severity: "warning",
      code: "options/idle",
      message: `${names.join(", ")} ${names.length === 1 ? "changes" : "change"} nothing`,
      hint: [...new Set(idle.map(({ idle: why }) => why))].join("; "),
    },
  ];
}

/** Returns a warning where a builder is named to a command that builds on this machine alone. */
export function unusedBuilder(
  flags: Pick<ParsedFlags, "one">,
  command: string,
  surroundings: Pick<Surroundings, "env">,
): readonly Diagnostic[] {
  const flag = flags.one("builder");
  const addresses = builderAddresses(flag === undefined ? [] : [flag], surroundings);
  if (addresses === undefined) return [];
  const name = flag !== undefined ? "--builder" : surroundings.env["TSBUILD_BUILDER"] ? "$TSBUILD_BUILDER" : "$BUILDKIT_HOST";
  return [
    {
      severity: "warning",
      code: "options/idle",
      message: `${name} changes nothing`,
      hint: `${command} builds on this machine; only tsbuild build has other builders`,
    },
  ];
}
