import { posix } from "node:path";
import { isAddress } from "../../core/text/address.js";
import type { BakeDefinition, BakeTarget } from "../bake/definition.js";
import { readOutput } from "../bake/entries.js";
import type { TargetFields } from "../bake/fields.js";
import { badReference } from "./errors.js";
import type { ComposeBuild, ComposeProject, ComposeService } from "./project.js";
import { argsOf, commonFields, secretOf, targetName } from "./targets.js";

/** Choices of `compose build` beside the files. */
export interface ComposeBuildChoices {
  /** Name of the project. */
  readonly name: string;
  /** Variables of the project. */
  readonly env: ReadonlyMap<string, string>;
  /** Arguments of every build; null takes the value of the environment. */
  readonly args: ReadonlyMap<string, string | null>;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly push: boolean;
  readonly check: boolean;
  /** Agents and keys of every build, by id. */
  readonly ssh: ReadonlyMap<string, string>;
  /** Character between the project's name and the service's in the name of an image. */
  readonly separator: "-" | "_";
}

/** A service as a target, and the form that `--print` has of it. */
interface ServiceTarget {
  readonly target: BakeTarget;
  readonly printed: Readonly<Record<string, unknown>>;
}

interface Chosen {
  readonly selected: readonly ComposeService[];
  /** Services whose targets `--print` shows: those, and what they depend on. */
  readonly shown: readonly ComposeService[];
}

interface ComposePlan {
  readonly definition: BakeDefinition;
  /** Definition that `--print` shows. */
  readonly printed: Readonly<Record<string, unknown>>;
}

/**
 * Returns services as a bake definition, as `docker compose build` does: images have names, and
 * labels that say where they come from. Every service of the project is a target, and the group
 * `default` has the selected ones.
 */
export function composePlan(project: ComposeProject, { selected, shown }: Chosen, choices: ComposeBuildChoices): ComposePlan {
  const built = [...project.services.values()].filter(({ build }) => build).sort((a, b) => (a.name < b.name ? -1 : 1));
  const targets = built.map((service) => serviceTarget(service, project, choices));
  const members = selected.map(({ name }) => targetName(name));
  const names = new Set(shown.map(({ name }) => targetName(name)));
  const wanted = targets.filter(({ target }) => names.has(target.name));
  return {
    definition: {
      targets: targets.map(({ target }) => target),
      groups: [{ name: "default", description: undefined, targets: members }],
      variables: [],
      warnings: [],
    },
    printed: {
      group: { default: { targets: members } },
      target: Object.fromEntries(wanted.map(({ target, printed }) => [target.name, printed])),
    },
  };
}

/** Returns the name of a service's image. */
export function imageOf(
  { name, image }: Pick<ComposeService, "name" | "image">,
  { name: project, separator }: Pick<ComposeBuildChoices, "name" | "separator">,
): string {
  return image ?? `${project}${separator}${name}`;
}

function serviceTarget(service: ComposeService, { secrets }: ComposeProject, choices: ComposeBuildChoices): ServiceTarget {
  const build = withChoices(service, choices);
  const common = commonFields(build);
  const args = argsOf(build, (name) => choices.env.get(name));
  const labels = new Map([...build.labels, ["com.docker.compose.project", choices.name], ["com.docker.compose.service", service.name]]);
  const dockerfile = build.dockerfile ?? (build.inline === undefined ? "Dockerfile" : undefined);
  const secret = build.secrets.map(({ source, target = source }) => secretOf(source, target, secrets));
  const outputs = outputsOf(service, build, choices);
  const fields: TargetFields = {
    ...common,
    ...(args.size > 0 ? { args } : {}),
    labels,
    tags: [...build.tags, imageOf(service, choices)],
    ...(dockerfile === undefined ? {} : { dockerfile: dockerfileOf(build.context, dockerfile) }),
    ...(secret.length > 0 ? { secret } : {}),
    ...(choices.check ? { call: "lint" } : {}),
    ...(outputs.length === 0 || outputs[0] === LOADED ? {} : { output: outputs.map(readOutput) }),
  };
  return { target: { name: targetName(service.name), fields }, printed: printed(fields, build, outputs) };
}

/** Returns the build of a service with what the command line says. */
function withChoices({ name, build, platform, ...service }: ComposeService, choices: ComposeBuildChoices): ComposeBuild {
  const own = build as ComposeBuild;
  const wanted = platform ?? choices.env.get("DOCKER_DEFAULT_PLATFORM");
  if (wanted && own.platforms.length > 0 && !own.platforms.includes(wanted))
    throw badReference(`Cannot build "${name}": DOCKER_DEFAULT_PLATFORM is ${wanted}, which is not among build.platforms`, service);
  return {
    ...own,
    args: new Map([...own.args, ...choices.args]),
    ssh: new Map([...own.ssh, ...choices.ssh]),
    noCache: own.noCache || choices.noCache,
    pull: own.pull || choices.pull,
    platforms: own.platforms.length === 0 && wanted ? [wanted] : own.platforms,
  };
}

/** Output that is the local image store. */
const LOADED = "type=docker";

function outputsOf({ image }: ComposeService, { platforms }: ComposeBuild, { push, check }: ComposeBuildChoices): readonly string[] {
  if (check) return [];
  const pushed = push && image !== undefined;
  if (platforms.length > 1) return [`type=image,push=${pushed}`];
  return pushed ? ["type=registry"] : [LOADED];
}

function dockerfileOf(context: string, dockerfile: string): string {
  return isAddress(context) || posix.isAbsolute(dockerfile) ? dockerfile : posix.join(context, dockerfile);
}

/** Returns a target in the form and the order of docker's. */
function printed(fields: TargetFields, build: ComposeBuild, output: readonly string[]): Readonly<Record<string, unknown>> {
  const escaped = (text: string): string => text.replaceAll("${", () => "$${");
  const secret = fields.secret?.map(({ id, src, env }) =>
    env === undefined ? `id=${id},type=file,src=${src}` : `id=${id},type=env,env=${env}`,
  );
  const attest = [...attestText("provenance", build.provenance), ...attestText("sbom", build.sbom)];
  const form: Readonly<Record<string, unknown>> = {
    context: fields.context,
    contexts: sorted(fields.contexts),
    dockerfile: fields.dockerfile,
    "dockerfile-inline": build.inline && escaped(build.inline),
    args: sorted(fields.args && new Map([...fields.args].map(([name, value]) => [name, escaped(value ?? "")]))),
    labels: sorted(fields.labels),
    tags: fields.tags,
    "cache-from": build.cacheFrom,
    "cache-to": build.cacheTo,
    target: build.target,
    secret,
    ssh: [...build.ssh].map(([id, keys]) => `${id}=${keys}`).sort(),
    platforms: build.platforms,
    pull: build.pull || undefined,
    "no-cache": build.noCache || undefined,
    network: build.network,
    "no-cache-filter": build.noCacheFilter,
    "shm-size": build.shmSize === undefined ? undefined : String(build.shmSize),
    ulimits: fields.ulimits,
    call: fields.call,
    entitlements: fields.entitlements,
    "extra-hosts": sorted(fields["extra-hosts"]),
    output,
    attest,
  };
  return Object.fromEntries(
    Object.entries(form).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

function sorted(map: ReadonlyMap<string, string | null> | undefined): Record<string, unknown> | undefined {
  return map && map.size > 0 ? Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1))) : undefined;
}

function attestText(type: string, value: string | undefined): readonly string[] {
  if (value === undefined || value === "false") return [];
  return [value === "true" ? `type=${type}` : `type=${type},${value}`];
}
