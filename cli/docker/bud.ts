import { existsSync } from "node:fs";
import { join } from "node:path";
import { runBuild } from "../commands/build.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, type Command } from "../environment.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { CanceledError } from "../../core/errors.js";
import { readInput } from "../../core/system/input-pipe.js";
import { systemReason } from "../../core/system/system-reason.js";
import { type ParsedFlags, parseFlags } from "../syntax/flags.js";
import { BUD_FLAGS, ISOLATIONS } from "./bud-flags.js";
import { noArgumentFile, noCounterpart, severalFiles } from "./errors.js";
import { isOff, shown, translate } from "./foreign-flags.js";

export const command: Command = {
  async run(args, environment) {
    const flags = parseFlags(
      {
        name: "bud",
        summary: "Build with the flags of buildah bud and podman build",
        operands: "[CONTEXT]",
        count: [0, 1],
        flags: shown(BUD_FLAGS),
        after: "docs/from-buildah.md explains each flag.",
      },
      args,
    );
    const translated = await translate("bud", BUD_FLAGS, { flags, args }, environment);
    const [context = "."] = flags.operands;
    const proxies = isOff("http-proxy", args) ? [] : proxyArguments(environment);
    const own = [
      ...proxies,
      ...(await fileArguments(flags, environment)),
      ...fileOf(flags, context, environment),
      ...contextsOf(flags),
      ...pullOf(flags),
      ...networkOf(flags),
      ...platformOf(flags),
      ...caches(flags),
      ...epochOf(flags),
      ...isolationOf(flags),
      ...(flags.one("format") === "docker" && flags.all("output").length === 0 ? ["--output=type=image,oci-mediatypes=false"] : []),
    ];
    const raw = flags.one("iidfile-raw") ?? flags.one("raw-iidfile");
    // The place is checked before the build, as that of the id.
    if (raw !== undefined && flags.one("iidfile") === undefined) own.push(`--iidfile=${raw}`);
    let id: string | undefined;
    const code = await runBuild([...own, ...translated, "--", context], environment, ({ imageId }) => (id = imageId));
    if (raw !== undefined && id !== undefined) writeFileAtomic(hostPath(environment, raw), id.replace(/^\w+:/, ""));
    return code;
  },
};

const PROXIES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]);

/** Returns the proxies of the environment, which buildah gives to steps. */
function proxyArguments({ env }: CliEnvironment): readonly string[] {
  return PROXIES.filter((name) => env[name]).map((name) => `--build-arg=${name}`);
}

/** Returns the arguments of the files of `--build-arg-file`. The command line wins over them. */
async function fileArguments(flags: ParsedFlags, environment: CliEnvironment): Promise<readonly string[]> {
  const read: string[] = [];
  for (const path of flags.all("build-arg-file")) {
    let text: string;
    try {
      text = (await readInput(hostPath(environment, path), LARGEST, environment.signal)).toString("utf8");
    } catch (error) {
      throw error instanceof CanceledError ? error : noArgumentFile(path, systemReason(error));
    }
    const lines = text.split("\n").map((line) => line.trim());
    read.push(...lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) => `--build-arg=${line}`));
  }
  return read;
}

/** Bytes that a file of arguments may have. */
const LARGEST = 1 << 20;

/** Names that are looked for in a context, in buildah's order. */
const NAMES = ["Containerfile", "Dockerfile"];

function fileOf(flags: ParsedFlags, context: string, environment: CliEnvironment): readonly string[] {
  const [file, another] = flags.all("file");
  if (another !== undefined) throw severalFiles();
  if (file !== undefined) {
    const inContext = join(context, file);
    const there = (path: string): boolean => existsSync(hostPath(environment, path));
    return [`--file=${!there(file) && there(inContext) ? inContext : file}`];
  }
  const found = NAMES.find((name) => existsSync(hostPath(environment, join(context, name))));
  return found === undefined || found === "Dockerfile" ? [] : [`--file=${join(context, found)}`];
}

function contextsOf(flags: ParsedFlags): readonly string[] {
  return flags.all("build-context").map((text) => `--build-context=${text.replace(/=(container-image|docker):\/\//, "=docker-image://")}`);
}

const PULLS: Readonly<Record<string, string>> = { true: "newer", ifmissing: "missing", ifnewer: "newer" };

function pullOf(flags: ParsedFlags): readonly string[] {
  const mode = flags.has("pull-always") ? "always" : flags.has("pull-never") ? "never" : flags.one("pull");
  return mode === undefined ? [] : [`--pull=${PULLS[mode] ?? mode}`];
}

function networkOf(flags: ParsedFlags): readonly string[] {
  const network = flags.one("network") ?? flags.one("net");
  if (network === undefined) return [];
  const own = network === "private" || network === "slirp4netns" || network === "pasta" ? "default" : network;
  if (!["default", "none", "host"].includes(own)) throw noCounterpart("bud", "network", "steps have the networks private, none and host");
  return [`--network=${own}`];
}

function platformOf(flags: ParsedFlags): readonly string[] {
  const [os, arch] = [flags.one("os") ?? flags.one("override-os"), flags.one("arch") ?? flags.one("override-arch")];
  const parts = [os, arch, flags.one("variant")];
  const named = flags.all("platform").map((platform) => `--platform=${platform}`);
  if (named.length > 0 || parts.every((part) => part === undefined)) return named;
  const [system = "linux", processor = ARCHITECTURES[process.arch] ?? process.arch, variant] = parts;
  return [`--platform=${[system, processor, ...(variant === undefined ? [] : [variant])].join("/")}`];
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** Returns the caches, which are repositories for buildah. */
function caches(flags: ParsedFlags): readonly string[] {
  return [
    ...flags.all("cache-from").map((repository) => `--cache-from=type=registry,ref=${repository}`),
    ...flags.all("cache-to").map((repository) => `--cache-to=type=registry,ref=${repository},mode=max`),
  ];
}

function epochOf(flags: ParsedFlags): readonly string[] {
  const seconds = flags.one("source-date-epoch") ?? flags.one("timestamp");
  return seconds === undefined ? [] : [`--build-arg=SOURCE_DATE_EPOCH=${seconds}`];
}

function isolationOf(flags: ParsedFlags): readonly string[] {
  const isolation = flags.one("isolation");
  return isolation === undefined ? [] : [`--isolation=${ISOLATIONS[isolation] ?? isolation}`];
}
