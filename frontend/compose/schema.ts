import type { Diagnostic } from "../../core/diagnostics.js";
import { DiagnosticsError } from "../../core/errors.js";
import { badShape, unknownKey } from "./errors.js";
import { type Mapping, placeOfEntry, type Tree } from "./tree.js";

/**
 * Form of a value. Null stands for a value that is not given, and fits every form but a service.
 */
type Shape =
  | "any"
  | "text"
  | "scalar"
  | "number or text"
  | "true or false"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly members: Readonly<Record<string, Shape>>; readonly required?: readonly string[] }
  | { readonly either: readonly Shape[]; readonly named: string };

const TEXTS: Shape = { list: "text" };
const TEXT_OR_LIST: Shape = { either: ["text", TEXTS], named: "a text, or a list of texts" };
const PAIRS: Shape = { either: [{ map: "scalar" }, TEXTS], named: "a mapping, or a list of NAME=VALUE" };

const HOSTS: Shape = {
  either: [{ map: { either: ["text", TEXTS], named: "an address, or a list of them" } }, TEXTS],
  named: "a mapping of names to addresses, or a list of NAME=ADDRESS",
};

const ULIMITS: Shape = {
  map: {
    either: ["number or text", { members: { soft: "number or text", hard: "number or text" }, required: ["soft", "hard"] }],
    named: "a number, or soft and hard",
  },
};

const SECRETS: Shape = {
  list: {
    either: ["text", { members: { source: "text", target: "text", uid: "text", gid: "text", mode: "number or text" } }],
    named: "a secret's name, or a mapping with source",
  },
};

const BUILD: Shape = {
  either: [
    "text",
    {
      members: {
        context: "text",
        dockerfile: "text",
        dockerfile_inline: "text",
        entitlements: TEXTS,
        args: PAIRS,
        ssh: PAIRS,
        labels: PAIRS,
        cache_from: TEXTS,
        cache_to: TEXTS,
        no_cache: "true or false",
        no_cache_filter: TEXT_OR_LIST,
        additional_contexts: PAIRS,
        network: "text",
        provenance: { either: ["true or false", "text"], named: "true, false or a text" },
        sbom: { either: ["true or false", "text"], named: "true, false or a text" },
        pull: "true or false",
        target: "text",
        shm_size: "number or text",
        extra_hosts: HOSTS,
        isolation: "text",
        privileged: "true or false",
        secrets: SECRETS,
        tags: TEXTS,
        ulimits: ULIMITS,
        platforms: TEXTS,
      },
    },
  ],
  named: "a path, or a mapping",
};

const ENV_FILES: Shape = {
  either: [
    "text",
    {
      list: {
        either: ["text", { members: { path: "text", format: "text", required: "true or false" }, required: ["path"] }],
        named: "a path, or a mapping with path",
      },
    },
  ],
  named: "a path, or a list",
};

const DEPENDENCIES: Shape = {
  either: [TEXTS, { map: { members: { restart: "true or false", required: "true or false", condition: "text" } } }],
  named: "a list of services, or a mapping",
};

/** Attributes of a service that a build has no use for. Their values are not looked at. */
const UNUSED = `develop deploy annotations attach blkio_config cap_add cap_drop cgroup_parent command configs
  container_name cpu_count cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset
  credential_spec device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint label_file expose
  external_links extra_hosts gpus group_add healthcheck hostname init isolation labels logging mac_address mem_limit
  mem_reservation mem_swappiness memswap_limit models networks oom_kill_disable oom_score_adj pids_limit ports pre_start
  post_start pre_stop privileged provider pull_policy pull_refresh_after read_only restart runtime scale security_opt
  shm_size secrets sysctls stdin_open stop_grace_period stop_signal storage_opt tmpfs tty ulimits use_api_socket user
  userns_mode volumes working_dir`.split(/\s+/);

const SERVICE: Shape = {
  members: {
    ...Object.fromEntries(UNUSED.map((name) => [name, "any" as const])),
    build: BUILD,
    image: "text",
    platform: "text",
    environment: PAIRS,
    env_file: ENV_FILES,
    extends: { either: ["text", { members: { service: "text", file: "text" }, required: ["service"] }], named: "a service, or a mapping" },
    profiles: TEXTS,
    depends_on: DEPENDENCIES,
    links: TEXTS,
    volumes_from: TEXTS,
    network_mode: "text",
    ipc: "text",
    pid: "text",
    uts: "text",
    cgroup: "text",
  },
};

const INCLUDE: Shape = {
  list: {
    either: ["text", { members: { path: TEXT_OR_LIST, env_file: TEXT_OR_LIST, project_directory: "text" } }],
    named: "a path, or a mapping with path",
  },
};

const SECRET: Shape = {
  members: {
    name: "text",
    file: "text",
    environment: "text",
    content: "text",
    external: "any",
    labels: PAIRS,
    driver: "text",
    driver_opts: "any",
    template_driver: "text",
  },
};

/**
 * The parts of the published schema that matter to a build. Note that we have a table of our own,
 * because the package that carries the schema has had one release, which lacks half of the
 * attributes of `build`. A validator of JSON schemas would know no places in the file, either.
 */
const FILE: Shape = {
  members: {
    version: "any",
    name: "text",
    include: INCLUDE,
    services: { map: SERVICE },
    models: "any",
    networks: "any",
    volumes: "any",
    secrets: { map: SECRET },
    configs: "any",
  },
};

/** Checks a document of a Compose file. Throws DiagnosticsError with all that is wrong. */
export function checkDocument(tree: Tree): asserts tree is Mapping {
  const wrong = [...problems(tree, FILE, "")];
  const services = tree.kind === "mapping" ? tree.entries.get("services") : undefined;
  if (services?.kind === "scalar" && services.value === null) wrong.push(badShape("services", "a mapping", services.key ?? services));
  for (const [name, service] of services?.kind === "mapping" ? services.entries : []) {
    if (service.kind === "scalar" && !service.directive) wrong.push(badShape(`services.${name}`, "a mapping", service));
  }
  if (tree.kind !== "mapping" && wrong.length === 0) wrong.push(badShape("", "a mapping", tree));
  if (wrong.length > 0) throw new DiagnosticsError(wrong);
}

function* problems(tree: Tree, shape: Shape, path: string): Iterable<Diagnostic> {
  if (shape === "any" || (tree.kind === "scalar" && tree.value === null) || tree.directive === "reset") return;
  if (typeof shape === "string") {
    if (tree.kind !== "scalar" || !fits(tree.value, shape)) yield badShape(path, named(shape), tree);
  } else if ("either" in shape) {
    const form = shape.either.find(
      (one) => kindOf(one) === tree.kind && (typeof one !== "string" || tree.kind !== "scalar" || fits(tree.value, one)),
    );
    if (form === undefined) yield badShape(path, shape.named, tree);
    else yield* problems(tree, form, path);
  } else if ("list" in shape) {
    if (tree.kind !== "sequence") yield badShape(path, named(shape), tree);
    else for (const [index, item] of tree.items.entries()) yield* problems(item, shape.list, `${path}[${index}]`);
  } else if (tree.kind !== "mapping") yield badShape(path, "a mapping", tree);
  else if ("map" in shape) {
    for (const [name, value] of tree.entries) yield* problems(value, name.startsWith("x-") ? "any" : shape.map, join(path, name));
  } else yield* ofMembers(tree, shape, path);
}

function* ofMembers(
  tree: Mapping,
  { members, required = [] }: Extract<Shape, { readonly members: unknown }>,
  path: string,
): Iterable<Diagnostic> {
  for (const [name, value] of tree.entries) {
    const shape = Object.hasOwn(members, name) ? members[name] : undefined;
    if (shape !== undefined) yield* problems(value, shape, join(path, name));
    else if (!name.startsWith("x-")) yield unknownKey(path, name, Object.keys(members), placeOfEntry(tree, name));
  }
  for (const name of required) if (!tree.entries.has(name)) yield badShape(path, `a mapping with "${name}"`, tree);
}

function kindOf(shape: Shape): Tree["kind"] {
  return typeof shape === "string" ? "scalar" : "list" in shape ? "sequence" : "mapping";
}

function fits(value: string | number | boolean | null, shape: Exclude<Shape, object>): boolean {
  if (shape === "text") return typeof value === "string";
  if (shape === "number or text") return typeof value === "string" || typeof value === "number";
  if (shape === "true or false") return typeof value === "boolean" || typeof value === "string";
  return true;
}

function named(shape: Shape): string {
  if (typeof shape === "string")
    return shape === "scalar" ? "a text, a number, true or false" : shape === "true or false" ? shape : `a ${shape}`;
  return "list" in shape ? "a list" : "a mapping";
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
