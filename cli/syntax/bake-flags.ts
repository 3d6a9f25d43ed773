import { type Flag, GROUPS } from "../../api/options/option.js";
import { BUILD_FLAGS } from "./build-flags.js";
import { FILE_RIGHTS_FLAG } from "./file-rights.js";
import type { CommandSyntax } from "./flags.js";

/** Flags that bake has in common with `build`. */
const SHARED = ["progress", "on-error", "quiet", "metadata-file", "check", "call", "root", "jobs", "proxy-network"];

/** Flags of the command alone: docker buildx's names and meaning. */
const OWN: readonly Flag[] = [
  {
    name: "file",
    short: "f",
    value: "<path>",
    repeat: true,
    text: "Bake file, later ones override; - is the standard input (default: docker-bake.hcl …)",
    group: GROUPS.input,
  },
  {
    name: "set",
    value: "<target.key=value>",
    repeat: true,
    text: "Override: TARGET.KEY=VALUE, += for lists; TARGET is a pattern",
    group: GROUPS.input,
  },
  { name: "var", value: "<name=value>", repeat: true, text: "Value of a variable (default: from the environment)", group: GROUPS.input },
  { name: "no-cache", text: "Do not use cached steps for any target", group: GROUPS.cache },
  { name: "pull", text: "Ask the registry for base images of all targets", group: GROUPS.input },
  { name: "push", text: "Push the targets that have no output of another kind", group: GROUPS.result },
  { name: "load", text: "Put the targets into the local image store (the default without outputs)", group: GROUPS.result },
  { name: "provenance", value: "<mode>", text: "Short for --set=*.attest=type=provenance,…", group: GROUPS.result },
  { name: "sbom", value: "<mode>", text: "Short for --set=*.attest=type=sbom,…", group: GROUPS.result },
  FILE_RIGHTS_FLAG,
  { name: "print", text: "Print the targets as JSON, with all that they inherit; build nothing", group: GROUPS.output },
  { name: "list", value: "<type>", text: "Print the targets or the variables; ,format=json chooses the form", group: GROUPS.output },
];

export const BAKE_SYNTAX: CommandSyntax = {
  name: "bake",
  summary: "Build the targets of a bake file, in parallel",
  operands: "[TARGET...]",
  count: [0, 1000],
  flags: [...OWN, ...SHARED.map((name) => BUILD_FLAGS.find((flag) => flag.name === name) as Flag)],
  after:
    "TARGET is a target, a group or a pattern of names (default: the one called default).\nExample: tsbuild bake --set '*.args.VERSION=2' --print",
};
