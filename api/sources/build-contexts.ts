import { resolve } from "node:path";
import { sha256 } from "../../core/digest.js";
import { bakeContext, notOfClient } from "./errors.js";
import type { StatShard } from "../../cache/contract/stats.js";
import { storePaths } from "../../cache/paths.js";
import type { Store } from "../../cache/store.js";
import type { Diagnostic } from "../../core/diagnostics.js";
import type { TsbuildError } from "../../core/errors.js";
import type { NamedContext } from "../../frontend/frontend.js";
import type { LocalSource } from "../../llb/sources/local.js";
import { IMAGE_SCHEME, LAYOUT_SCHEME } from "../../llb/sources/image.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { formatPlatform, type Platform } from "../../oci/platform.js";
import type { HashFiles } from "../../solver/ops/local/hash-files.js";
import { IgnoreRules } from "../../solver/ops/local/ignore-rules.js";
import { LocalTree } from "../../solver/ops/local/local-tree.js";
import type { ClientPorts } from "../options/client-ports.js";
import { contextKind } from "../options/context-kind.js";
import { contextName, isReserved, unusedContext } from "./context-name.js";
import { contextDirectory, type IgnoreFile, ignoreFile } from "./local-context.js";
import { withoutSecrets } from "./main-context.js";
import { isHostContext, requireHostDirectory } from "./host-directories.js";
import { downloadEdge, gitEdge, invalidGitContext } from "./remote-context.js";

/** Name of the main context in `local://NAME`. */
const MAIN = "context";

/** A named context: what a frontend takes, or the result of another target or another build. */
export type ContextSource =
  | Exclude<NamedContext, { kind: "build" }>
  | { readonly kind: "target"; readonly name: string }
  | { readonly kind: "input"; readonly name: string };

/** The directories that a build reads from, by their names in the graph. */
export class BuildContexts {
  readonly #named = new Map<string, ContextSource>();
  /** Names as written, by the spelling they are looked up with. */
  readonly #given = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #used = new Set<string>();
  readonly #directories = new Map<string, string>();
  readonly #dockerfile: string | undefined;
  readonly #store: Store;
  readonly #hashFiles: HashFiles;
  readonly #shards = new Set<StatShard>();
  readonly #trees = new Map<string, LocalTree>();
  readonly #ignoreFiles = new Map<string, IgnoreFile>();
  readonly #joined: boolean;
  readonly #client: ClientPorts | undefined;
  /** Directories of the client, by the names that the client has for them. */
  readonly #elsewhere = new Map<string, string>();

  constructor(options: {
    /** The main context, when it is a directory. */
    readonly main: string | undefined;
    readonly named: Readonly<Record<string, string>>;
    readonly dockerfile: string | undefined;
    readonly store: Store;
    /** Hashes large sets of files. */
    readonly hashFiles: HashFiles;
    /** True when the build is one of several, whose results can be contexts. Default: false. */
    readonly joined?: boolean;
    /** The client that has the directories; undefined where this machine does. */
    readonly client?: ClientPorts | undefined;
  }) {
    this.#client = options.client;
    const main = options.client?.directories.context;
    if (main !== undefined) this.#elsewhere.set(MAIN, main);
    this.#joined = options.joined ?? false;
    this.#store = options.store;
    this.#hashFiles = options.hashFiles;
    this.#dockerfile = options.dockerfile;
    if (options.main !== undefined) this.#directories.set(MAIN, options.main);
    for (const [given, value] of Object.entries(options.named)) {
      const name = contextName(given);
      this.#given.set(name, given);
      if (!isReserved(name)) this.#named.set(name, this.#namedContext(name, value));
    }
  }

  #namedContext(name: string, value: string): ContextSource {
    const [, scheme = "", rest = ""] = /^([a-z-]+):\/*(.*)$/s.exec(value) ?? [];
    if (scheme === IMAGE_SCHEME) return { kind: "image", ref: rest };
    if (this.#client) {
      const found = clientContext(scheme, rest, name);
      if (found?.kind === "local") this.#elsewhere.set(name, rest);
      if (found) return found;
    }
    if (scheme === LAYOUT_SCHEME) return { kind: "oci-layout", ref: value.slice(`${LAYOUT_SCHEME}://`.length) };
    if (scheme === "target" && this.#joined) return { kind: "target", name: rest };
    if (scheme === "target" || scheme === "input") throw foreignContext(name, value, scheme);
    const kind = contextKind(value);
    if (typeof kind === "string") throw invalidGitContext(value, kind);
    switch (kind.kind) {
      case "directory":
        if (this.#client) throw notOfClient(name, value);
        this.#directories.set(name, contextDirectory(kind.path));
        if (isHostContext(name)) requireHostDirectory(name, kind.path, { store: storePaths(this.#store.root).base });
        return { kind: "local", name };
      case "git":
        return { kind: "files", root: gitEdge(kind.source, { kind: "context", name, load: `load git source ${withoutSecrets(value)}` }) };
      case "url":
        return { kind: "files", root: downloadEdge(kind.url, { kind: "context", name, load: withoutSecrets(value) }) };
    }
  }

  /**
   * Returns the context of `--build-context NAME=…`, in any spelling. A context for just this
   * platform (`NAME::os/arch`) goes first.
   */
  named(name: string, platform: Platform): ContextSource | undefined {
    const wanted = contextName(name);
    this.#asked.add(wanted);
    const found = [`${wanted}::${formatPlatform(platform)}`, wanted].find((candidate) => this.#named.has(candidate));
    if (found === undefined) return undefined;
    this.#used.add(found);
    return this.#named.get(found);
  }

  /** Returns true for a directory, which the build then counts as used. */
  takeDirectory(name: string): boolean {
    if (this.#client) return true;
    const wanted = this.#directories.has(name) ? name : contextName(name);
    const directory = this.#directories.get(wanted);
    this.#asked.add(wanted);
    if (directory === undefined) return false;
    this.#directories.set(name, directory);
    this.#used.add(wanted);
    return true;
  }

  /** Returns warnings for contexts that the build never asked for. */
  unused(): readonly Diagnostic[] {
    return [...this.#given].flatMap(([name, given]) => (this.#used.has(name) ? [] : [unusedContext(given, [...this.#asked])]));
  }

  /** Returns the identity of a directory among those of other builds. */
  identity(name: string): string | undefined {
    const directory = this.#directories.get(name);
    return directory === undefined ? undefined : sha256(resolve(directory));
  }

  /** Returns the identities of all directories. */
  identities(): readonly string[] {
    return [...this.#directories.keys()].flatMap((name) => this.identity(name) ?? []);
  }

  async ignorePatterns(name: string): Promise<readonly string[]> {
    const elsewhere = this.#elsewhere.get(name);
    // Files of remote contexts are not filtered, as in BuildKit.
    if (name === MAIN && elsewhere === undefined && !this.#directories.has(MAIN)) return [];
    // A step sees all of a directory that it has itself.
    if (isHostContext(name)) return [];
    const directory =
      elsewhere === undefined
        ? this.#directory(name)
        : await this.#client?.bring({ name: elsewhere, excludePatterns: [], texts: true, paths: [".dockerignore"] });
    const found = directory === undefined ? undefined : ignoreFile(directory, name === MAIN ? this.#dockerfile : undefined);
    if (found) this.#ignoreFiles.set(name, found);
    return found?.lines.map(({ pattern }) => pattern) ?? [];
  }

  /** Returns the files of a context; one tree for all its users. */
  tree(name: string, excludePatterns: readonly string[]): FileTree {
    const key = JSON.stringify([name, excludePatterns]);
    const known = this.#trees.get(key);
    if (known) return known;
    return this.#open(key, this.#directory(name), { name, excludePatterns });
  }

  /** Brings the paths of a client's directory, all without `paths`. Returns its files. */
  async brought({ name, excludePatterns, unique: session }: LocalSource, paths: readonly string[] | undefined): Promise<FileTree> {
    if (!this.#client) throw new Error(`internal: nobody has the directory "${name}"`);
    const key = JSON.stringify([name, excludePatterns, paths, session]);
    const wanted = { name: this.#elsewhere.get(name) ?? name, excludePatterns, paths, session };
    return this.#trees.get(key) ?? this.#open(key, await this.#client.bring(wanted), { name, excludePatterns });
  }

  #open(key: string, directory: string, { name, excludePatterns }: Pick<LocalSource, "name" | "excludePatterns">): LocalTree {
    const stats = this.#store.stats.shard(directory);
    this.#shards.add(stats);
    const tree = new LocalTree(directory, {
      name: name === MAIN ? "build context" : `context "${name}"`,
      ignore: this.#ignoreRules(name, excludePatterns),
      stats,
      hashFiles: this.#hashFiles,
      without: [storePaths(this.#store.root).base],
    });
    this.#trees.set(key, tree);
    return tree;
  }

  /** Returns the line of the ignore file that hides an existing path: `.dockerignore:3`. */
  hiddenBy(name: string, path: string): string | undefined {
    const of = `${JSON.stringify([name]).slice(0, -1)},`;
    for (const [key, tree] of this.#trees) {
      const rule = key.startsWith(of) ? tree.hiddenBy(path) : undefined;
      if (rule) return `${tree.ignore.file}${rule.line === undefined ? "" : `:${rule.line}`}`;
    }
    return undefined;
  }

  /**
   * Returns the rules, with file and lines for messages where the patterns came from a file that
   * was read here.
   */
  #ignoreRules(name: string, patterns: readonly string[]): IgnoreRules {
    const found = this.#ignoreFiles.get(name);
    const isWhole = found?.lines.length === patterns.length && found.lines.every(({ pattern }, index) => pattern === patterns[index]);
    return found && isWhole ? new IgnoreRules(found.lines, found.file) : new IgnoreRules(patterns.map((pattern) => ({ pattern })));
  }

  /** Keeps stats and digests of the files for the next build. */
  save(): void {
    for (const shard of this.#shards) shard.save();
  }

  #directory(name: string): string {
    const directory = this.#directories.get(name);
    if (directory === undefined) throw new Error(`internal: there is no local context "${name}"`);
    return directory;
  }
}

/** Returns a named context as only a client on another machine can have it. */
function clientContext(scheme: string, rest: string, name: string): ContextSource | undefined {
  if (scheme === "local") return { kind: "local", name };
  return scheme === "input" ? { kind: "input", name: rest } : undefined;
}

function foreignContext(name: string, value: string, scheme: string): TsbuildError {
  return bakeContext(value, name, scheme);
}
