import { posix } from "node:path";
import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import { withinStack } from "../../core/text/within-stack.js";
import { isAddress } from "../../core/text/address.js";
import { readEnvFile } from "./env-file.js";
import { badReference, circle, nestedTooDeep, remoteReference, unreadableReference, unsetVariable } from "./errors.js";
import { extendServices } from "./extends.js";
import { interpolate, interpolateTree } from "./interpolate.js";
import { mergeFiles, mergeServices, withoutResets } from "./merge.js";
import { type Base, pathIn, resolvePaths } from "./paths.js";
import { readYaml } from "./read-yaml.js";
import { checkDocument } from "./schema.js";
import { entriesOf, type Mapping, member, type Place, type Tree, withEntries } from "./tree.js";
import { text, texts } from "./values.js";

/** Everything that Compose files are read with. */
export interface ComposeWorld {
  /** Files in order: later ones override earlier ones. */
  readonly files: readonly SourceFile[];
  /** Directory of the project: absolute, or empty when paths stay relative. */
  readonly directory: string;
  /** Variables of the project: those of the environment and of its `.env`. */
  readonly env: ReadonlyMap<string, string>;
  /** Home directory of the user. */
  readonly home: string;
  /** Returns a file that another one names, or that stands beside it; undefined for none. */
  read(path: string): SourceFile | undefined;
}

/** Files of one project or of one that is included, and where they stand. */
interface Level {
  readonly files: readonly SourceFile[];
  readonly base: Base;
  readonly env: ReadonlyMap<string, string>;
  /** Files that lead here by `include`. */
  readonly included: readonly string[];
}

/** The files of a project in one, with everything that they include and extend. */
export interface LoadedFiles {
  readonly tree: Mapping;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads the files of a project and joins them: variables, `include`, `extends`, overrides. Throws
 * DiagnosticsError with `compose/…`.
 */
export function loadFiles(world: ComposeWorld): LoadedFiles {
  const loader = new Loader(world);
  const { files, env, directory, home } = world;
  const tree = withinStack(
    () => loader.level({ files, base: { directory, home }, env, included: [] }),
    () => nestedTooDeep(files.map(({ name }) => name)),
  );
  return { tree, warnings: [...loader.warnings.values()] };
}

/** Returns the name that the files give the project; undefined when they give none. */
export function nameInFiles(files: readonly SourceFile[], env: ReadonlyMap<string, string>): string | undefined {
  const documents = files.flatMap(readYaml);
  const named = documents.findLast((document) => text(member(document, "name")));
  const tree = named && member(named, "name");
  return tree && interpolate(text(tree) ?? "", { lookup: (name) => env.get(name) }, tree);
}

class Loader {
  readonly warnings = new Map<string, Diagnostic>();
  readonly #world: ComposeWorld;

  constructor(world: ComposeWorld) {
    this.#world = world;
  }

  level(level: Level): Mapping {
    let joined: Mapping | undefined;
    for (const file of level.files) {
      const inside = { ...level, included: [...level.included, file.name] };
      for (const document of this.#documents(file, level.base, level.env)) {
        const whole = extendServices(this.#withIncludes(document, inside), file, {
          servicesOf: (name, place) => this.#servicesOf(name, place, level.env),
          merge: mergeServices,
        });
        joined = joined ? mergeFiles(joined, whole) : whole;
      }
    }
    const [first] = level.files as [SourceFile];
    const tree = joined ?? { kind: "mapping", source: first, range: EMPTY, entries: new Map() };
    return withContexts(withoutResets(tree) as Mapping, level.base);
  }

  /** Returns the documents of a file, checked, with variables and paths replaced. */
  #documents(file: SourceFile, base: Base, env: ReadonlyMap<string, string>): readonly Mapping[] {
    return readYaml(file).map((tree) => {
      checkDocument(tree);
      const filled = interpolateTree(tree, {
        lookup: (name) => env.get(name),
        unset: (name, place) => {
          if (!this.warnings.has(name)) this.warnings.set(name, unsetVariable(name, place));
        },
      });
      return resolvePaths(filled as Mapping, base);
    });
  }

  #read(path: string, place: Place): SourceFile {
    if (isAddress(path)) throw remoteReference(path, place);
    const file = this.#world.read(path);
    if (!file) throw unreadableReference(path, place);
    return file;
  }

  /** Returns the services of a file that services extend. */
  #servicesOf(path: string, place: Place, env: ReadonlyMap<string, string>): ReadonlyMap<string, Tree> {
    const file = this.#read(path, place);
    const base = { directory: directoryOf(path), home: this.#world.home };
    let joined: Mapping | undefined;
    for (const document of this.#documents(file, base, env)) joined = joined ? mergeFiles(joined, document) : document;
    return entriesOf(joined?.entries.get("services"));
  }

  #withIncludes(document: Mapping, level: Level): Mapping {
    const list = document.entries.get("include");
    if (list?.kind !== "sequence") return document;
    let joined = withEntries(document, new Map([...document.entries].filter(([name]) => name !== "include")));
    for (const item of list.items) joined = mergeFiles(this.#included(item, level), joined);
    return joined;
  }

  /** Returns the files that one entry of `include` names, as a project of their own. */
  #included(item: Tree, { base, env, included }: Level): Mapping {
    const paths = item.kind === "mapping" ? texts(member(item, "path")) : texts(item);
    if (paths.length === 0) throw badReference("Cannot include nothing: there is no path", item);
    const resolved = paths.map((path) => (isAddress(path) ? path : pathIn(path, base)));
    const files = resolved.map((path) => this.#read(path, item));
    const [first] = files as [SourceFile];
    if (included.includes(first.name)) throw circle("include files", [...included.slice(included.indexOf(first.name)), first.name], item);
    const directory = text(member(item, "project_directory"));
    const own = { directory: directory === undefined ? directoryOf(resolved[0] as string) : pathIn(directory, base), home: base.home };
    return this.level({ files, base: own, env: this.#includedEnv(item, own, { base, env }), included });
  }

  /** Returns the variables of an included project: its own files', below those that there are. */
  #includedEnv(item: Tree, own: Base, { base, env }: Pick<Level, "base" | "env">): ReadonlyMap<string, string> {
    const named = texts(member(item, "env_file")).filter((path) => path !== "/dev/null");
    const files =
      member(item, "env_file") === undefined
        ? [this.#world.read(pathIn(".env", own))].filter((file) => file !== undefined)
        : named.map((path) => this.#read(pathIn(path, base), item));
    return withEnvFiles(env, files);
  }
}

const EMPTY = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

/** Returns variables with those of files below them; later files win over earlier ones. */
export function withEnvFiles(env: ReadonlyMap<string, string>, files: readonly SourceFile[]): ReadonlyMap<string, string> {
  const added = new Map<string, string>();
  for (const file of files)
    for (const [name, value] of readEnvFile(file, (other) => env.get(other) ?? added.get(other))) added.set(name, value);
  return new Map([...added, ...env]);
}

function directoryOf(path: string): string {
  const directory = posix.dirname(path);
  return directory === "." ? "" : directory;
}

/** Returns a tree whose builds all have a context. */
function withContexts(tree: Mapping, base: Base): Mapping {
  const services = [...entriesOf(tree.entries.get("services"))].map(([name, service]): [string, Tree] => {
    const build = member(service, "build");
    if (service.kind !== "mapping" || build?.kind !== "mapping" || build.entries.has("context")) return [name, service];
    const context: Tree = { kind: "scalar", source: build.source, range: build.range, value: pathIn(".", base) };
    return [
      name,
      withEntries(service, new Map([...service.entries, ["build", withEntries(build, new Map([...build.entries, ["context", context]]))]])),
    ];
  });
  const all = tree.entries.get("services");
  return all?.kind === "mapping" ? withEntries(tree, new Map([...tree.entries, ["services", withEntries(all, new Map(services))]])) : tree;
}
