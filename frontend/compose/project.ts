import { badReference, badValue } from "./errors.js";
import { entriesOf, type Mapping, member, placeOfEntry, type Place, type Tree } from "./tree.js";
import { hosts, pairs, size, text, texts, truth, type Ulimit, ulimits } from "./values.js";

/** A secret of the project. */
export interface ComposeSecret extends Place {
  readonly file: string | undefined;
  readonly environment: string | undefined;
  readonly external: boolean;
}

export interface ComposeBuild extends Place {
  readonly context: string;
  readonly dockerfile: string | undefined;
  readonly inline: string | undefined;
  /** Null takes the value of the environment. */
  readonly args: ReadonlyMap<string, string | null>;
  readonly labels: ReadonlyMap<string, string>;
  readonly contexts: ReadonlyMap<string, string>;
  /** Returns the place of a context, for messages. */
  readonly placeOfContext: (name: string) => Place;
  readonly ssh: ReadonlyMap<string, string>;
  readonly secrets: readonly { readonly source: string; readonly target: string | undefined; readonly place: Place }[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly target: string | undefined;
  readonly network: string | undefined;
  readonly shmSize: number | undefined;
  readonly ulimits: ReadonlyMap<string, Ulimit>;
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  readonly privileged: boolean;
  readonly entitlements: readonly string[];
  readonly isolation: string | undefined;
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
  /** Attributes of bake, under `x-bake`. */
  readonly bake: Tree | undefined;
}

export interface ComposeService extends Place {
  readonly name: string;
  readonly namePlace: Place;
  readonly image: string | undefined;
  readonly build: ComposeBuild | undefined;
  readonly platform: string | undefined;
  readonly profiles: readonly string[];
  /** Services that this one needs to run. */
  readonly needs: readonly string[];
  readonly environment: ReadonlyMap<string, string | null>;
  /** Files of further variables. */
  readonly envFiles: readonly { readonly path: string; readonly required: boolean; readonly place: Place }[];
}

/** A project of Compose files, as far as building it goes. */
export interface ComposeProject {
  readonly services: ReadonlyMap<string, ComposeService>;
  readonly secrets: ReadonlyMap<string, ComposeSecret>;
}

/** Reads the joined files of a project. Throws DiagnosticsError with `compose/…`. */
export function readProject(tree: Mapping): ComposeProject {
  const services = [...entriesOf(tree.entries.get("services"))];
  const secrets = [...entriesOf(tree.entries.get("secrets"))];
  const project = {
    services: new Map(services.map(([name, service]) => [name, readService(name, service)])),
    secrets: new Map(secrets.map(([name, secret]) => [name, readSecret(name, secret)])),
  };
  for (const service of project.services.values()) checkService(service, project);
  return project;
}

function readSecret(name: string, tree: Tree): ComposeSecret {
  const { source, range } = tree.key ?? tree;
  const given = member(tree, "external");
  const external = given?.kind === "mapping" || truth(given, "secrets.external") === true;
  const [file, environment] = [text(member(tree, "file")), text(member(tree, "environment"))];
  if (!external && !file && !environment)
    throw badReference(`Cannot read the secret "${name}": it has neither file nor environment`, { source, range });
  return { source, range, file, environment, external };
}

function readService(name: string, tree: Tree): ComposeService {
  const { source, range } = tree;
  const build = member(tree, "build");
  if (!build && !text(member(tree, "image")) && !member(tree, "provider"))
    throw badReference(`Cannot read the service "${name}": it has neither image nor build`, tree.key ?? tree);
  const files = tree.kind === "mapping" ? tree.entries.get("env_file") : undefined;
  return {
    source,
    range,
    name,
    namePlace: tree.key ?? tree,
    image: text(member(tree, "image")) || undefined,
    build: build && readBuild(build, `services.${name}.build`),
    platform: text(member(tree, "platform")),
    profiles: texts(member(tree, "profiles")),
    needs: needsOf(tree),
    environment: pairs(member(tree, "environment")),
    envFiles: (files?.kind === "sequence" ? files.items : files ? [files] : []).map((file) => ({
      path: file.kind === "mapping" ? (text(member(file, "path")) ?? "") : (text(file) ?? ""),
      required: truth(member(file, "required"), `services.${name}.env_file.required`) ?? true,
      place: file,
    })),
  };
}

/** Attributes that name a service as `service:NAME`. */
const SHARED = ["network_mode", "ipc", "pid", "uts", "cgroup"];

function needsOf(service: Tree): readonly string[] {
  const needed = member(service, "depends_on");
  const shared = SHARED.flatMap((name) => /^service:(.+)$/.exec(text(member(service, name)) ?? "")?.[1] ?? []);
  const volumes = texts(member(service, "volumes_from")).filter((from) => !from.startsWith("container:"));
  const linked = [...texts(member(service, "links")), ...volumes].map((link) => link.split(":")[0] as string);
  return [...new Set([...(needed?.kind === "mapping" ? needed.entries.keys() : texts(needed)), ...linked, ...shared])];
}

function readBuild(build: Tree, path: string): ComposeBuild {
  const { source, range } = build;
  const at = (name: string): Tree | undefined => member(build, name);
  const own = (name: string): string => `${path}.${name}`;
  return {
    source,
    range,
    context: (build.kind === "scalar" ? text(build) : text(at("context"))) || ".",
    dockerfile: text(at("dockerfile")) || undefined,
    inline: text(at("dockerfile_inline")) || undefined,
    args: pairs(at("args")),
    labels: new Map([...pairs(at("labels"))].map(([name, value]) => [name, value ?? ""])),
    contexts: readContexts(at("additional_contexts"), own("additional_contexts")),
    placeOfContext: (name) => placeOfValue(at("additional_contexts") ?? build, name),
    ssh: readSsh(at("ssh"), own("ssh")),
    secrets: readSecrets(at("secrets")),
    cacheFrom: texts(at("cache_from")),
    cacheTo: texts(at("cache_to")),
    tags: texts(at("tags")),
    platforms: texts(at("platforms")),
    target: text(at("target")) || undefined,
    network: text(at("network")) || undefined,
    shmSize: size(at("shm_size"), own("shm_size")) || undefined,
    ulimits: ulimits(at("ulimits"), own("ulimits")),
    hosts: hosts(at("extra_hosts"), own("extra_hosts")),
    noCache: truth(at("no_cache"), own("no_cache")) ?? false,
    noCacheFilter: texts(at("no_cache_filter")),
    pull: truth(at("pull"), own("pull")) ?? false,
    privileged: truth(at("privileged"), own("privileged")) ?? false,
    entitlements: texts(at("entitlements")),
    isolation: text(at("isolation")) || undefined,
    provenance: text(at("provenance")) || undefined,
    sbom: text(at("sbom")) || undefined,
    bake: at("x-bake"),
  };
}

function readContexts(tree: Tree | undefined, path: string): ReadonlyMap<string, string> {
  return new Map(
    [...pairs(tree)].map(([name, value]) => {
      if (value === null) throw badValue(path, `"${name}" has no value: write ${name}=PATH`, placeOfEntry(tree as Tree, name));
      return [name, value];
    }),
  );
}

/** Returns the place of a member's value, or of the item of a list that begins with the name. */
function placeOfValue(tree: Tree, name: string): Place {
  return tree.kind === "mapping" ? (tree.entries.get(name) ?? tree) : placeOfEntry(tree, name);
}

function readSsh(tree: Tree | undefined, path: string): ReadonlyMap<string, string> {
  return new Map(
    [...pairs(tree)].map(([id, keys]) => {
      if (keys === null && id !== "default" && tree?.kind === "sequence")
        throw badValue(path, `"${id}" has no path: write ${id}=PATH`, placeOfEntry(tree, id));
      return [id, keys ?? ""];
    }),
  );
}

function readSecrets(tree: Tree | undefined): ComposeBuild["secrets"] {
  const items = tree?.kind === "sequence" ? tree.items : [];
  return items.map((item) => {
    const named = item.kind === "mapping" ? member(item, "source") : item;
    return { source: text(named) ?? "", place: named ?? item, target: item.kind === "mapping" ? text(member(item, "target")) : undefined };
  });
}

/** Refuses what does not fit together. Throws `compose/reference`. */
function checkService({ name, build, platform, ...service }: ComposeService, { services, secrets }: ComposeProject): void {
  if (!build) return;
  if (build.inline !== undefined && build.dockerfile !== undefined)
    throw badReference(`Cannot build "${name}": it has dockerfile and dockerfile_inline`, build, "leave out one of them");
  for (const [context, value] of build.contexts) {
    const [, other] = /^service:(.*)$/.exec(value) ?? [];
    if (other === undefined || services.get(other)?.build) continue;
    const found = services.has(other) ? "is not built" : "does not exist";
    throw badReference(
      `Cannot build "${name}": its context "${context}" is the service "${other}", which ${found}`,
      build.placeOfContext(context),
    );
  }
  for (const { source, place } of build.secrets) {
    const secret = secrets.get(source);
    if (!secret)
      throw badReference(
        `Cannot build "${name}": there is no secret "${source}"`,
        place,
        "declare it below secrets: at the top of the file",
      );
    if (secret.external)
      throw badReference(`Cannot build "${name}": the secret "${source}" is external, and no file or variable here has it`, place);
  }
  if (platform !== undefined && build.platforms.length > 0 && !build.platforms.includes(platform))
    throw badReference(`Cannot build "${name}": its platform ${platform} is not among build.platforms`, service);
}
