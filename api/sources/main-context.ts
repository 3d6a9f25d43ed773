import { notOfClient, twoDockerfiles, dockerfileMissing, textUnreadable } from "./errors.js";
import { isAbsolute, join, posix } from "node:path";
import { addAbortSignal, Readable } from "node:stream";
import type { Store } from "../../cache/store.js";
import { throwIfAborted } from "../../core/errors.js";
import type { StepInfo } from "../../core/step.js";
import type { EventSink } from "../../core/events.js";
import type { Edge, Rootfs } from "../../llb/vertex.js";
import { withoutUserinfo } from "../../core/text/address.js";
import { redactUrl } from "../../net/errors.js";
import { looksLikeArchive } from "../../oci/layer/read/archive-start.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { BLOCK } from "../../oci/tar/header.js";
import { runAsStep } from "../record/build-steps.js";
import { checkDockerfileSize, collectText } from "./collect-text.js";
import type { ClientPorts } from "../options/client-ports.js";
import { contextKind } from "../options/context-kind.js";
import { readContextText } from "./context-text.js";
import { contextDirectory, DOCKERFILE_NAMES, type DockerfileText, readDockerfile } from "./local-context.js";
import type { BuildOptions } from "../options/options.js";
import { blobEdge, DOWNLOADED, downloadEdge, gitEdge, invalidGitContext, unpackedEdge } from "./remote-context.js";

/** Source of a build's files, with its Dockerfile. */
interface MainContext {
  /** Directory of this machine; undefined for a remote context. */
  readonly directory: string | undefined;
  /** Remote files, as a part of the graph; its `root` is undefined when there are none. */
  readonly graph: { readonly root: Rootfs } | undefined;
  readonly dockerfile: DockerfileText;
}

/** The files of a part of the graph, once it is solved. */
export interface SolvedFiles {
  readonly tree: FileTree;
  /** Returns the first `size` bytes of a file; fewer of a smaller one. */
  start(path: string, size: number): Promise<Buffer>;
  /** Returns a whole file. The path is resolved. */
  read(path: string): Promise<Uint8Array>;
}

interface MainContextPorts {
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly onEvent: EventSink;
  readonly solve: (root: Edge) => Promise<SolvedFiles>;
}

const LOAD_REMOTE: StepInfo = { kind: "internal", text: "load remote build context" };

type DockerfileOption = BuildOptions["dockerfile"];

/** Prepares the context as far as reading the Dockerfile needs it. Only checks a directory. */
export async function loadMainContext(
  options: {
    readonly context: NonNullable<BuildOptions["context"]>;
    readonly dockerfile: DockerfileOption;
    /** Value of `BUILDKIT_CONTEXT_KEEP_GIT_DIR`. */
    readonly keepGitDir: boolean;
    readonly client?: ClientPorts | undefined;
  },
  ports: MainContextPorts,
): Promise<MainContext> {
  const { context, dockerfile, client } = options;
  if (client) {
    const { directories } = client;
    const own = directories.dockerfile === undefined ? undefined : await dockerfileOf(client, directories.dockerfile, dockerfile, ports);
    if (own && directories.context !== undefined) return { directory: undefined, graph: undefined, dockerfile: own };
    if (typeof context === "string") requireRemote(context);
    const { graph, dockerfile: found } = await loadMainContext({ context, dockerfile, keepGitDir: options.keepGitDir }, ports);
    return { directory: undefined, graph, dockerfile: own ?? found };
  }
  if (typeof context !== "string") return fromStream(context, dockerfile, ports);
  const kind = contextKind(context);
  if (typeof kind === "string") throw invalidGitContext(context, kind);
  switch (kind.kind) {
    case "directory": {
      const directory = contextDirectory(kind.path);
      return { directory, graph: undefined, dockerfile: await localDockerfile(dockerfile, directory, ports) };
    }
    case "git": {
      const shown = withoutSecrets(context);
      const root = gitEdge(
        kind.source,
        { kind: "internal", text: `load git source ${shown}` },
        options.keepGitDir ? { keepGitDir: true } : {},
      );
      return fromFiles(root, dockerfile, shown, ports);
    }
    case "url":
      return fromUrl(kind.url, dockerfile, ports);
  }
}

/** Downloads an archive, or a Dockerfile: its content decides. */
async function fromUrl(url: string, dockerfile: DockerfileOption, ports: MainContextPorts): Promise<MainContext> {
  const root = downloadEdge(url, LOAD_REMOTE);
  const files = await ports.solve(root);
  if (looksLikeArchive(await files.start(DOWNLOADED, BLOCK))) return fromFiles(unpackedEdge(root), dockerfile, withoutSecrets(url), ports);
  const name = withoutSecrets(url);
  return { directory: undefined, graph: { root }, dockerfile: ownDockerfile(await textOf(files, DOWNLOADED, name), name, dockerfile) };
}

async function fromStream(stream: Readable | Uint8Array, dockerfile: DockerfileOption, ports: MainContextPorts): Promise<MainContext> {
  const { signal, store, onEvent } = ports;
  const source = stream instanceof Uint8Array ? Readable.from([stream], { objectMode: false }) : addAbortSignal(signal, stream);
  try {
    const { start, all } = await peek(source);
    if (!looksLikeArchive(start)) {
      const text = await collectText(all, "<stdin>");
      return { directory: undefined, graph: { root: undefined }, dockerfile: ownDockerfile(text, "<stdin>", dockerfile) };
    }
    const { digest } = await runAsStep(LOAD_REMOTE, onEvent, (step) =>
      store.blobs.ingest(all, {}, { signal, onProgress: (bytes) => step.progress("transferring context", bytes, undefined, false) }),
    );
    return await fromFiles(
      unpackedEdge(blobEdge(digest, { kind: "internal", text: "build context archive" })),
      dockerfile,
      "the archive",
      ports,
    );
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  }
}

/** Returns the first block of a stream, and the whole stream. */
async function peek(stream: AsyncIterable<unknown>): Promise<{ readonly start: Buffer; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const chunks: Buffer[] = [];
  for (let size = 0; size < BLOCK; ) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(Buffer.from(next.value));
    size += next.value.length;
  }
  const start = Buffer.concat(chunks);
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { start, all: all() };
}

/** Returns the context that is itself a Dockerfile. */
function ownDockerfile(text: string, name: string, option: DockerfileOption): DockerfileText {
  if (option !== undefined) throw twoDockerfiles(name);
  return { text, name, path: undefined };
}

/**
 * Returns a file of a remote context. Throws `dockerfile/unreadable` when it is too long, before it
 * is read.
 */
async function textOf(files: SolvedFiles, path: string, name: string): Promise<string> {
  checkDockerfileSize(files.tree.lookup(path)?.size ?? 0, name);
  return Buffer.from(await files.read(path)).toString("utf8");
}

async function fromFiles(root: Edge, option: DockerfileOption, where: string, ports: MainContextPorts): Promise<MainContext> {
  const isInside = option === undefined || (typeof option === "string" && !isAbsolute(option) && !isUrl(option));
  const dockerfile = isInside ? await dockerfileIn(await ports.solve(root), option, where) : await localDockerfile(option, ".", ports);
  return { directory: undefined, graph: { root }, dockerfile };
}

async function dockerfileIn(files: SolvedFiles, option: string | undefined, where: string): Promise<DockerfileText> {
  const names = option === undefined ? DOCKERFILE_NAMES : [option];
  for (const name of names) {
    const { path, node } = resolvePath(files.tree, name);
    if (!node) continue;
    if (node.type !== "file") throw textUnreadable(name, where, node);
    return { text: await textOf(files, path, name), name, path: undefined };
  }
  throw dockerfileMissing(where, names, option);
}

/** Throws `context/unsupported` for a place of this machine. */
function requireRemote(context: string): void {
  const kind = contextKind(context);
  if (typeof kind === "object" && kind.kind === "directory") throw notOfClient("context", context);
}

/** Brings the Dockerfile of a client, with the ignore file beside it, and reads it. */
async function dockerfileOf(
  client: ClientPorts,
  directory: string,
  option: DockerfileOption,
  { onEvent }: MainContextPorts,
): Promise<DockerfileText> {
  const names = typeof option === "string" ? [posix.normalize(`/${option}`).slice(1)] : DOCKERFILE_NAMES;
  const text = `load build definition from ${names[0]}`;
  return runAsStep({ kind: "internal", text }, onEvent, async () => {
    const place = await client.bring({
      name: directory,
      excludePatterns: [],
      texts: true,
      paths: names.flatMap((name) => [name, `${name}.dockerignore`]),
    });
    for (const name of names) {
      const found = readContextText(place, name);
      if (found) return { text: found.text, name, path: join(place, name) };
    }
    throw dockerfileMissing("the client's directory", names, typeof option === "string" ? option : undefined);
  });
}

/** Reads the Dockerfile of a local context: a text, a URL, or a file of this machine. */
async function localDockerfile(option: DockerfileOption, directory: string, ports: MainContextPorts): Promise<DockerfileText> {
  const step: StepInfo = { kind: "internal", text: "load build definition from Dockerfile" };
  if (typeof option !== "string" || !isUrl(option))
    return runAsStep(step, ports.onEvent, () => readDockerfile(option, directory, ports.signal));
  const files = await ports.solve(downloadEdge(option, { kind: "internal", text: "load remote Dockerfile" }));
  const shown = withoutSecrets(option);
  return { text: await textOf(files, DOWNLOADED, shown), name: shown, path: undefined };
}

function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Returns an address that may be shown: a URL without password and values, a repository's without
 * password.
 */
export function withoutSecrets(address: string): string {
  const kind = contextKind(address);
  if (typeof kind !== "string" && kind.kind === "url") return redactUrl(address);
  return withoutUserinfo(address);
}
