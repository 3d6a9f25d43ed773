import { type Flag, GROUPS } from "../../api/options/option.js";
import { BUILD_FLAGS } from "./build-flags.js";
import { FILE_RIGHTS_FLAG } from "./file-rights.js";
import type { CommandSyntax } from "./flags.js";

/** Flags of `docker compose` itself, which stand before or behind `build`. */
const PROJECT: readonly Flag[] = [
  {
    name: "file",
    short: "f",
    value: "<path>",
    repeat: true,
    text: "Compose file, later ones override; - is the standard input (default: compose.yaml …)",
    group: GROUPS.input,
  },
  { name: "project-name", short: "p", value: "<name>", text: "Name of the project (default: the directory's)", group: GROUPS.input },
  { name: "profile", value: "<name>", repeat: true, text: "Profile whose services are built too; * is all", group: GROUPS.input },
  { name: "env-file", value: "<path>", repeat: true, text: "File of variables (default: .env)", group: GROUPS.input },
  {
    name: "project-directory",
    value: "<path>",
    text: "Directory that paths in the files are relative to (default: the first file's)",
    group: GROUPS.input,
  },
  { name: "compatibility", text: "Name images project_service", group: GROUPS.result },
];

/** Flags of `docker compose build`. */
const OWN: readonly Flag[] = [
  { name: "build-arg", value: "<name=value>", repeat: true, text: "Build argument of every service", group: GROUPS.input },
  { name: "no-cache", text: "Do not use cached steps for any service", group: GROUPS.cache },
  { name: "pull", text: "Ask the registry for base images of all services", group: GROUPS.input },
  { name: "push", text: "Push the images of services that have an image name", group: GROUPS.result },
  { name: "with-dependencies", text: "Build what the services depend on as well", group: GROUPS.input },
  { name: "ssh", value: "<id>", text: "SSH agent or keys of every service: default, or ID=PATH", group: GROUPS.steps },
  { name: "provenance", value: "<mode>", text: "Attestation of how the images are made", group: GROUPS.result },
  { name: "sbom", value: "<mode>", text: "Attestation of what is in the images", group: GROUPS.result },
  FILE_RIGHTS_FLAG,
  { name: "print", text: "Print the services as a bake file; build nothing", group: GROUPS.output },
];

/** Flags of docker's that do nothing here. */
const IDLE: readonly Flag[] = [
  ...["parallel", "compress", "force-rm", "no-rm", "all-resources"].map((name) => ({
    name,
    text: "Accepted, does nothing",
    hidden: true as const,
  })),
  ...["builder", "memory", "ansi"].map((name) => ({
    name,
    ...(name === "memory" ? { short: "m" } : {}),
    value: "<value>",
    text: "Accepted, does nothing",
    hidden: true as const,
  })),
];

/** Flags that are the same in `build`. */
const SHARED = ["progress", "quiet", "metadata-file", "check", "root", "jobs", "proxy-network"];

export const COMPOSE_SYNTAX: CommandSyntax = {
  name: "compose",
  summary: "Build the services of a Compose file, in parallel",
  operands: "build [SERVICE...]",
  count: [1, 1000],
  flags: [...PROJECT, ...OWN, ...IDLE, ...SHARED.map((name) => BUILD_FLAGS.find((flag) => flag.name === name) as Flag)],
  after: "Without SERVICE all services of the active profiles are built.\nExample: tsbuild compose -f compose.yaml build --pull web",
};
