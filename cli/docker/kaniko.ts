import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { runBuild } from "../commands/build.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, type Command } from "../environment.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { noDestination, noSuchContext } from "./errors.js";
import { shown, translate } from "./foreign-flags.js";
import { KANIKO_FLAGS } from "./kaniko-flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "kaniko",
        summary: "Build and push with the flags of kaniko's executor",
        operands: "",
        count: [0, 0],
        flags: shown(KANIKO_FLAGS),
        after: "docs/from-kaniko.md explains each flag.",
      },
      args,
    );
    const destinations = flags.all("destination");
    if (destinations.length === 0 && !flags.has("no-push")) throw noDestination();
    const translated = await translate("kaniko", KANIKO_FLAGS, { flags, args }, environment);
    const context = contextOf(flags);
    let digest: string | undefined;
    const code = await runBuild(
      [
        ...translated,
        ...destinations.map((name) => `--tag=${name}`),
        ...outputsOf(flags).map((output) => `--output=${output}`),
        ...cacheOf(flags),
        ...(flags.has("reproducible") ? ["--build-arg=SOURCE_DATE_EPOCH=0"] : []),
        `--progress=${progressOf(flags.one("verbosity"))}`,
        ...dockerfileOf(flags, context, environment),
        "--",
        context,
      ],
      environment,
      ({ descriptor }) => (digest = descriptor?.digest),
    );
    if (digest !== undefined) writeDigests(digest, flags, environment);
    return code;
  },
};

/** Returns kaniko's context as `tsbuild build` spells it. */
function contextOf(flags: ParsedFlags): string {
  const context = flags.one("context") ?? "/workspace";
  const sub = flags.one("context-sub-path");
  const [, scheme, rest = ""] = /^([a-z0-9]+):\/\/(.*)$/s.exec(context) ?? [];
  switch (scheme) {
    case undefined:
      return sub === undefined ? context : join(context, sub);
    case "dir":
      return sub === undefined ? rest : join(rest, sub);
    case "tar":
      if (rest === "stdin") return "-";
      throw noSuchContext(context, `gunzip -c ${rest} | tsbuild kaniko --context tar://stdin reads an archive`);
    case "git": {
      const [address = "", branch = branchOf(flags.one("git")), commit] = rest.split("#");
      const ref = commit || branch;
      const fragment = [ref.replace(/^refs\/heads\//, ""), ...(sub === undefined ? [] : [sub])].join(":");
      return `https://${address}${fragment === "" ? "" : `#${fragment}`}`;
    }
    case "http":
    case "https":
      return context;
    default:
      throw noSuchContext(context, `fetch the archive with the tools of that store and pipe it: … | tsbuild kaniko --context tar://stdin`);
  }
}

function branchOf(git: string | undefined): string {
  return /(?:^|,)branch=([^,]*)/.exec(git ?? "")?.[1] ?? "";
}

/** Returns the flag for the Dockerfile, which is in the working directory or in the context. */
function dockerfileOf(flags: ParsedFlags, context: string, environment: CliEnvironment): readonly string[] {
  const file = flags.one("dockerfile");
  if (file === undefined) return [];
  const inContext = join(context, file);
  const local = !existsSync(hostPath(environment, file)) && existsSync(hostPath(environment, inContext));
  return [`--file=${local ? inContext : file}`];
}

function outputsOf(flags: ParsedFlags): readonly string[] {
  const compression = ["compression", "compression-level"].flatMap((name) => {
    const value = flags.one(name);
    return value === undefined ? [] : [`,${name}=${value}`];
  });
  const how = compression.join("");
  const tar = flags.one("tar-path") ?? flags.one("tarPath");
  const layout = flags.one("oci-layout-path");
  const insecure = flags.has("insecure") || flags.has("skip-tls-verify") ? ",registry.insecure=true" : "";
  const outputs = [
    ...(flags.has("no-push") ? [] : [`type=registry${insecure}${how}`]),
    ...(tar === undefined ? [] : [quoted("docker", tar, how)]),
    ...(layout === undefined ? [] : [quoted("oci", layout, `,tar=false${how}`)]),
  ];
  if (outputs.length > 0) return outputs;
  // Only an image has a digest to write down.
  return [DIGEST_FILES.some((name) => flags.one(name) !== undefined) ? "type=image" : "type=cacheonly"];
}

/** Returns an output to a path, which may hold commas and quotes. */
function quoted(type: string, path: string, more: string): string {
  return `type=${type},"dest=${path.replaceAll('"', '""')}"${more}`;
}

function cacheOf(flags: ParsedFlags): readonly string[] {
  if (!flags.has("cache")) return [];
  const [first] = flags.all("destination");
  const repository = flags.one("cache-repo") ?? (first === undefined ? undefined : `${repositoryOf(first)}/cache`);
  if (repository === undefined) return [];
  const directory = repository.startsWith("oci:") ? repository.slice("oci:".length) : undefined;
  const from = directory === undefined ? `type=registry,ref=${repository}` : `type=local,src=${directory}`;
  const to = directory === undefined ? `type=registry,ref=${repository},mode=max` : `type=local,dest=${directory},mode=max`;
  return [`--cache-from=${from}`, ...(flags.has("no-push-cache") ? [] : [`--cache-to=${to}`])];
}

function repositoryOf(name: string): string {
  return name.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}

function progressOf(verbosity = "info"): string {
  return ["error", "fatal", "panic"].includes(verbosity) ? "quiet" : "plain";
}

const DIGEST_FILES = ["digest-file", "image-name-with-digest-file", "image-name-tag-with-digest-file"] as const;

/** Writes the files that name the digest of the image, one line for each destination. */
function writeDigests(digest: string, flags: ParsedFlags, environment: CliEnvironment): void {
  const names = flags.all("destination");
  const texts = {
    "digest-file": digest,
    "image-name-with-digest-file": names.map((name) => `${repositoryOf(name)}@${digest}\n`).join(""),
    "image-name-tag-with-digest-file": names.map((name) => `${name}@${digest}\n`).join(""),
  };
  for (const name of DIGEST_FILES) {
    const path = flags.one(name);
    if (path !== undefined) writeFileAtomic(hostPath(environment, path), texts[name]);
  }
}
