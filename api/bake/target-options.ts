import type { Right } from "../../llb/entitlements.js";
import type { BuildOptions } from "../options/options.js";
import type { PlannedBakeTarget } from "../options/planned-target.js";
import { contextKind } from "../options/context-kind.js";
import { parseAllow } from "../texts/allow.js";
import { parseAttestations } from "../texts/attestations.js";
import { parseBytes } from "../texts/bytes.js";
import { parseCacheFrom, parseCacheTo } from "../texts/cache.js";
import { parseOutputs } from "../texts/outputs.js";
import { parsePairs } from "../texts/pairs.js";
import { parsePlatforms } from "../texts/platforms.js";
import { parseSecrets } from "../texts/secrets.js";
import { parseServices } from "../texts/services.js";
import { parseSsh } from "../texts/ssh.js";
import { hostPath, type Surroundings } from "../texts/surroundings.js";
import { badNetwork, inputOfTarget } from "./errors.js";
import { type Attributes, attributesOf, contextSource, dockerfilePath, type TargetAttributes } from "./target-attributes.js";

/** Place that a bake file's paths and variables mean. */
export interface TargetOptionsPlace extends Partial<Pick<Surroundings, "env" | "stdout">> {
  /** Directory that paths are relative to. Default: the working directory. */
  readonly directory?: string;
  /**
   * Rights in the words of the command line. Steps may read the directories of `fs.read=DIR`.
   * Default: none.
   */
  readonly allow?: readonly string[];
}

/**
 * Returns the options of a target's build. An attribute and the flag of `build` with that name mean
 * the same, so their values are read alike. Throws UsageError for values that cannot be read.
 */
export function targetBuildOptions(target: PlannedBakeTarget, place: TargetOptionsPlace = {}): BuildOptions {
  const { directory = process.cwd(), env = process.env, stdout } = place;
  const surroundings: Surroundings = { cwd: directory, env, ...(stdout && { stdout }) };
  const attributes = attributesOf(target);
  const { args = {}, labels, annotations, contexts = {}, tags, ulimits, resources, service } = attributes;
  const { network, "extra-hosts": hosts = {}, "shm-size": shmSize, "no-cache-filter": noCacheFilter } = attributes;
  const epoch = env["SOURCE_DATE_EPOCH"];
  const platforms = parsePlatforms(attributes.platforms ?? [], surroundings);
  const outputs = parseOutputs(lines(attributes.output), { push: false, load: false }, surroundings);
  return {
    ...inputsOf(target, attributes, surroundings),
    buildArgs: { ...(epoch ? { SOURCE_DATE_EPOCH: epoch } : {}), ...args },
    buildContexts: mapValues(contexts, contextSource),
    addHosts: Object.entries(hosts).map(([host, address]) => `${host}:${address}`),
    cacheFrom: parseCacheFrom(lines(attributes["cache-from"]), surroundings),
    cacheTo: parseCacheTo(lines(attributes["cache-to"]), surroundings),
    secrets: parseSecrets(lines(attributes.secret), surroundings),
    ssh: parseSsh((attributes.ssh ?? []).map(agent), surroundings),
    allow: [...parseAllow(attributes.entitlements ?? [], surroundings), ...readingRights(place.allow, surroundings)],
    ...parseAttestations({ attest: lines(attributes.attest) }),
    noCache: attributes["no-cache"] ?? false,
    pull: attributes.pull ?? false,
    ...(attributes.target ? { target: attributes.target } : {}),
    ...(platforms ? { platforms } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations: parsePairs(annotations, { name: "annotation" }, "required") } : {}),
    ...(tags ? { tags } : {}),
    ...(noCacheFilter ? { noCacheFilter } : {}),
    ...(network ? { network: networkOf(network) } : {}),
    ...(shmSize ? { shmSize: parseBytes(shmSize, "shm-size") } : {}),
    ...(ulimits ? { ulimits } : {}),
    ...(resources ? { resources } : {}),
    ...(service ? { services: parseServices(service, surroundings) } : {}),
    ...(outputs.length > 0 ? { outputs } : {}),
  };
}

/**
 * Returns the rights to read directories. The other rights of a command line are the file's to ask
 * for.
 */
function readingRights(texts: readonly string[] = [], surroundings: Surroundings): readonly Right[] {
  return parseAllow(texts, surroundings).filter((right) => right.startsWith("fs.read="));
}

function inputsOf(
  { name }: PlannedBakeTarget,
  attributes: TargetAttributes,
  surroundings: Surroundings,
): Pick<BuildOptions, "context" | "dockerfile"> {
  const { context, dockerfile, "dockerfile-inline": inline } = attributes;
  if (context === "-" || dockerfile === "-") throw inputOfTarget(name);
  const path = hostPath(surroundings, contextSource(context));
  const kind = contextKind(path);
  const isLocal = typeof kind !== "string" && kind.kind === "directory";
  const file = dockerfilePath(attributes);
  return {
    context: isLocal ? path : context,
    // With another kind of context the path is one inside it.
    dockerfile:
      inline === undefined
        ? isLocal && !/^https?:\/\//i.test(file)
          ? hostPath(surroundings, file)
          : file
        : { text: inline, name: "Dockerfile" },
  };
}

function networkOf(text: string): NonNullable<BuildOptions["network"]> {
  if (text === "default" || text === "none" || text === "host") return text;
  throw badNetwork(text);
}

function agent({ id = "default", paths = [] }: NonNullable<TargetAttributes["ssh"]>[number]): string {
  return paths.length > 0 ? `${id}=${paths.join(",")}` : id;
}

function mapValues(values: Readonly<Record<string, string>>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}

function lines(values: readonly Attributes[] = []): readonly string[] {
  return values.map(csv);
}

/** Returns a line of docker's comma-separated values. */
function csv(attributes: Attributes): string {
  const { type, ...rest } = attributes;
  const pairs = [...(type === undefined ? [] : [["type", type] as const]), ...Object.entries(rest)].map(
    ([name, value]) => `${name}=${value}`,
  );
  return pairs.map((pair) => (/[",]/.test(pair) ? `"${pair.replaceAll('"', '""')}"` : pair)).join(",");
}
