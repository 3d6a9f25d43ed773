import { parseBoolean } from "../../core/go-values/boolean.js";
import type { BakeDefinition, BakeTarget } from "../bake/definition.js";
import {
  type Attestation,
  EntryError,
  readAttestation,
  readCaches,
  readOutput,
  readSecret,
  readSsh,
  uniqueTexts,
} from "../bake/entries.js";
import { mergeFields, type TargetFields } from "../bake/fields.js";
import { badReference, badValue } from "./errors.js";
import { SERVICE_PREFIX } from "./paths.js";
import type { ComposeBuild, ComposeProject, ComposeService } from "./project.js";
import { member, placeOfEntry, type Place, type Tree } from "./tree.js";
import { pairs, text, texts, truth } from "./values.js";

/** Source of variables that arguments without a value take theirs from. */
export type Environment = (service: ComposeService) => (name: string) => string | undefined;

/** Returns the name of the target that a service is. */
export function targetName(service: string): string {
  return service.replaceAll(".", "_");
}

/** Returns the services that are built as the targets of a bake definition, as buildx does. */
export function bakeDefinition(
  { services, secrets }: ComposeProject,
  environment: Environment,
): Pick<BakeDefinition, "groups" | "targets"> {
  const built = [...services.values()].filter(({ build }) => build);
  const targets = built.map((service): BakeTarget => {
    const build = service.build as ComposeBuild;
    if (!/^[a-zA-Z0-9_-]+$/.test(targetName(service.name)))
      throw badReference(`Cannot use "${service.name}" as the name of a target`, service.namePlace);
    const tags = build.tags.length > 0 ? build.tags : service.image === undefined ? [] : [service.image];
    const secret = build.secrets.map(({ source }) => secretOf(source, source, secrets));
    // Note that rights beyond those of other builds count for docker compose alone, as in buildx.
    const { entitlements: _, "shm-size": shm, ...common } = commonFields(build);
    const own = given({ args: argsOf(build, environment(service)), tags, secret, "shm-size": shm && readableSize(Number(shm)) });
    return { name: targetName(service.name), fields: withBake({ ...common, ...own }, build) };
  });
  // Services whose names differ in a dot are one target.
  const byName = new Map<string, BakeTarget>();
  for (const target of targets) {
    const other = byName.get(target.name);
    byName.set(target.name, other ? { ...target, fields: mergeFields(other.fields, target.fields) } : target);
  }
  // Without any service there is nothing that "default" could mean.
  const groups = services.size === 0 ? [] : [{ name: "default", description: undefined, targets: [...byName.keys()] }];
  return { targets: [...byName.values()], groups };
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Returns bytes with the unit that docker chooses, where that keeps all of them. */
function readableSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  const text = Number(value.toPrecision(4));
  return text === value ? `${text}${UNITS[unit]}` : String(bytes);
}

/** Returns the secret of a build by the id that its steps know it by. */
export function secretOf(source: string, id: string, secrets: ComposeProject["secrets"]): NonNullable<TargetFields["secret"]>[number] {
  const { file, environment } = secrets.get(source) ?? { file: undefined, environment: undefined };
  return { id, src: file, env: environment };
}

/** Returns arguments with the values of the environment, without those that have none. */
export function argsOf({ args }: ComposeBuild, lookup: (name: string) => string | undefined): ReadonlyMap<string, string> {
  return new Map(
    [...args].flatMap(([name, value]) => {
      const found = value ?? lookup(name);
      return found === undefined ? [] : [[name, found] as const];
    }),
  );
}

/** Returns the attributes that buildx and docker compose make alike. */
export function commonFields(build: ComposeBuild): TargetFields {
  const lists = reading("the build", build, () => ({
    "cache-from": build.cacheFrom.flatMap(readCaches),
    "cache-to": build.cacheTo.flatMap(readCaches),
    attest: [...attestation("sbom", build.sbom), ...attestation("provenance", build.provenance)],
  }));
  const entitlements = [...new Set([...build.entitlements, ...(build.privileged ? ["security.insecure"] : [])])];
  return given({
    context: build.context,
    contexts: new Map([...build.contexts].map(([name, value]) => [name, contextOf(value)])),
    dockerfile: build.dockerfile,
    "dockerfile-inline": build.inline,
    labels: build.labels,
    ...lists,
    target: build.target,
    network: build.network,
    platforms: build.platforms,
    "no-cache-filter": build.noCacheFilter,
    "shm-size": build.shmSize === undefined ? undefined : String(build.shmSize),
    ulimits: [...build.ulimits].map(([name, { soft, hard, single }]) => (single ? `${name}=${soft}` : `${name}=${soft}:${hard}`)).sort(),
    "extra-hosts": new Map([...build.hosts].map(([name, addresses]) => [name, addresses.join(",")])),
    ssh: [...build.ssh].map(([id, keys]) => ({ id, paths: keys === "" ? [] : keys.split(",") })).sort((a, b) => (a.id < b.id ? -1 : 1)),
    entitlements,
    "no-cache": build.noCache || undefined,
    pull: build.pull || undefined,
  });
}

function contextOf(value: string): string {
  for (const prefix of [SERVICE_PREFIX, "target:"]) if (value.startsWith(prefix)) return `target:${targetName(value.slice(prefix.length))}`;
  return value;
}

/** Reads `provenance` or `sbom`: true, false, or attributes. */
function attestation(type: string, value: string | undefined): readonly Attestation[] {
  if (value === undefined) return [];
  const wanted = parseBoolean(value);
  return [readAttestation(wanted === undefined ? `type=${type},${value}` : `type=${type}${wanted ? "" : ",disabled=true"}`)];
}

/** Returns the attributes that are there, without empty lists and maps. */
function given(fields: { readonly [Name in keyof TargetFields]: TargetFields[Name] | undefined }): TargetFields {
  const there = Object.entries(fields).filter(([, value]) => {
    if (Array.isArray(value)) return value.length > 0;
    return value instanceof Map ? value.size > 0 : value !== undefined;
  });
  return Object.fromEntries(there);
}

/** Attributes of `x-bake`. */
const EXTENSION = [
  "tags",
  "cache-from",
  "cache-to",
  "secret",
  "ssh",
  "platforms",
  "output",
  "pull",
  "no-cache",
  "no-cache-filter",
  "contexts",
];

/** Returns the attributes with those of `x-bake`, which are added to lists. */
function withBake(fields: TargetFields, { bake }: ComposeBuild): TargetFields {
  if (bake === undefined) return fields;
  if (bake.kind !== "mapping") throw badValue("x-bake", "it has to be a mapping", bake);
  for (const name of bake.entries.keys())
    if (!EXTENSION.includes(name))
      throw badValue("x-bake", `there is no attribute "${name}"; the attributes are ${EXTENSION.join(", ")}`, placeOfEntry(bake, name));
  const list = (name: string): readonly string[] => words(member(bake, name));
  const flag = (name: string): boolean | undefined => truth(member(bake, name), `x-bake.${name}`);
  const own = reading("x-bake", bake, () =>
    given({
      "cache-from": list("cache-from").flatMap(readCaches),
      secret: list("secret").map(readSecret),
      ssh: list("ssh").map(readSsh),
      pull: flag("pull"),
      "no-cache": flag("no-cache"),
      "no-cache-filter": list("no-cache-filter"),
    }),
  );
  const merged = mergeFields(fields, own);
  const contexts = new Map([...pairs(member(bake, "contexts"))].map(([name, value]) => [name, contextOf(value ?? "")] as const));
  return {
    ...merged,
    // Lists that heirs replace are made longer here.
    ...given({
      tags: uniqueTexts([...(fields.tags ?? []), ...list("tags")]),
      platforms: uniqueTexts([...(fields.platforms ?? []), ...list("platforms")]),
      "cache-to": reading("x-bake", bake, () => [...(fields["cache-to"] ?? []), ...list("cache-to").flatMap(readCaches)]),
      output: reading("x-bake", bake, () => list("output").map(readOutput)),
      contexts: new Map([...contexts, ...(fields.contexts ?? [])]),
    }),
  };
}

/** Returns a list, or the words of a text. */
function words(tree: Tree | undefined): readonly string[] {
  return tree?.kind === "scalar" ? (text(tree) ?? "").split(/\s+/).filter(Boolean) : texts(tree);
}

function reading<T>(what: string, place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof EntryError ? badValue(what, error.message, place) : error;
  }
}
