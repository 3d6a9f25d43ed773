import { type Flag, GROUPS, type OptionFlag } from "../../api/options/option.js";
import { BUILD_OPTIONS } from "../../api/options/table.js";
import { HIDDEN_FLAGS } from "./docker-flags.js";
import { type CommandSyntax, PROGRESS_FORMS } from "./flags.js";

/** Flags of the options of the library, with the names of the options. */
export const OPTION_FLAGS: readonly (readonly [option: string, flag: OptionFlag])[] = Object.entries(BUILD_OPTIONS).flatMap(
  ([name, { flag }]) => (flag === undefined ? [] : [[name, flag] as const]),
);

/** Flags of the command alone: short forms, and what is shown of a build. */
const COMMAND_FLAGS: readonly Flag[] = [
  { name: "push", text: "Short for --output=type=registry", group: GROUPS.result },
  {
    name: "load",
    modes: ["store", "docker", "podman"],
    text: "Put the result into the local image store (store, the default without -o), or into docker or podman of this machine",
    group: GROUPS.result,
  },
  {
    name: "attest",
    value: "<type=…>",
    repeat: true,
    text: "Attestation to attach: type=provenance,… or type=sbom,… with the attributes of --provenance and --sbom",
    group: GROUPS.result,
  },
  {
    name: "progress",
    value: "<form>",
    choices: PROGRESS_FORMS,
    text: "How progress is shown on the standard error (default: $BUILDKIT_PROGRESS, then auto)",
    group: GROUPS.output,
  },
  {
    name: "on-error",
    value: "<shell|save=…>",
    text: "When a step fails: open a shell in it, or write its state for tsbuild debug --import (default: failed-step.tar)",
    group: GROUPS.output,
    notEmpty: true,
  },
  { name: "quiet", short: "q", text: "Show no progress; print the image id", group: GROUPS.output },
  { name: "iidfile", value: "<file>", text: "Write the image id to a file", group: GROUPS.output },
  {
    name: "metadata-file",
    value: "<file>",
    text: "Write names, digests and other metadata of the result to a JSON file",
    group: GROUPS.output,
  },
  {
    name: "report",
    value: "<form=file>",
    repeat: true,
    text: "Write warnings and errors for a code host: codequality=FILE (GitLab) or github=FILE; - is the standard output",
    group: GROUPS.output,
  },
  { name: "check", text: "Check the Dockerfile instead of building: short for --call=check", group: GROUPS.output },
  {
    name: "call",
    value: "<method>",
    text: "What to do: build, check, outline or targets; ,format=text|json|sarif chooses the form",
    group: GROUPS.output,
  },
];

/**
 * Every flag of `tsbuild build`: docker buildx's names and meaning, plus --jobs, --root and
 * --explain.
 */
export const BUILD_FLAGS: readonly Flag[] = [...OPTION_FLAGS.map(([, flag]) => flag), ...COMMAND_FLAGS, ...HIDDEN_FLAGS];

export const BUILD_SYNTAX: CommandSyntax = {
  name: "build",
  summary: "Build an image from a Dockerfile",
  operands: "PATH | URL | -",
  count: [1, 1],
  operandsUnless: "llb",
  flags: BUILD_FLAGS,
  after:
    'PATH is the context directory, URL a Git repository or a tar archive; "-" reads an archive or a Dockerfile from the standard input.\nExample: tsbuild -t app -o type=oci,dest=app.tar .',
};
