import type { CopyAction, FileAction, FileOp, MkfileAction, Owner } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import { hasWildcard } from "../ops/file/glob.js";
import { goJson, omitEmpty } from "./go-json.js";
import { type ContentSelector, digestOf, type KeyInput, type KeyVertex, recordDigest } from "./key-vertex.js";

/** Number of a missing input or output. */
const NONE = -1;

/** Time of the source, or of the build. */
const ANY_TIME = -1;

/** Mode that is not set. */
const ANY_MODE = -1;

type Message = Readonly<Record<string, unknown>>;

interface Step {
  readonly message: Message;
  readonly input: number;
  readonly secondary: number;
}

/**
 * Returns the key of COPY, ADD and WORKDIR, as `fileOp.CacheMap` and `llb.FileOp.Marshal` make it.
 */
export function fileKey(op: FileOp, vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined): KeyVertex | undefined {
  const inputs = new FileInputs(vertex, known);
  const changed = new Set<number>();
  const steps: { readonly make: (results: number) => Step }[] = [];
  // Indexes of our actions among BuildKit's, where documents of heredocs are vertices of their own.
  const places = new Map<number, number>();
  const count = vertex.inputs.length;
  const base = baseOf(op, inputs, changed);
  if (base === undefined) return undefined;
  for (const [index, action] of op.actions.entries()) {
    if (isDocument(op.actions, index, count)) continue;
    const previous = action.input < count ? undefined : places.get(action.input - count);
    if (action.input >= count ? previous === undefined || previous !== steps.length - 1 : steps.length > 0) return undefined;
    const secondary = action.action === "copy" ? inputs.secondary(action, op.actions, count) : NONE;
    if (secondary === undefined) return undefined;
    const message = actionMessage(action, base, secondary);
    if (!message) return undefined;
    steps.push({ make: (results) => ({ message, input: previous === undefined ? base : results + previous, secondary }) });
    places.set(index, steps.length - 1);
  }
  const all = inputs.all(changed);
  return (
    all &&
    opKey(
      steps.map(({ make }) => make(all.length)),
      all,
    )
  );
}

/** Returns the key of a directory in an empty filesystem. */
export function mkdirKey(path: string, mode: number, owner: Owner): KeyVertex | undefined {
  const message = actionMessage({ action: "mkdir", input: NONE, path, mode, makeParents: false, owner }, NONE, NONE);
  return message && opKey([{ message, input: NONE, secondary: NONE }], []);
}

function documentKey(action: MkfileAction): KeyVertex | undefined {
  const message = actionMessage(action, NONE, NONE);
  return message && opKey([{ message, input: NONE, secondary: NONE }], []);
}

function opKey(steps: readonly Step[], inputs: readonly KeyInput[]): KeyVertex | undefined {
  const texts = steps.map(({ message }) => goJson(message));
  if (texts.length === 0 || !texts.every((text) => text !== undefined)) return undefined;
  const indexes = steps.map(({ input, secondary }, index) => [input, secondary, index === steps.length - 1 ? 0 : NONE]);
  const json = goJson({
    Type: "buildkit.file.v0",
    Actions: texts.map((text) => Buffer.from(text).toString("base64")),
    ...omitEmpty({ indexes: isUsual(indexes) ? [] : indexes }),
  });
  return json === undefined ? undefined : { digests: [recordDigest(digestOf(json), 0)], inputs };
}

/**
 * Returns true for indexes that older keys did not have, and that therefore do not count. The
 * number of actions stands there where that of inputs was meant.
 */
function isUsual(indexes: readonly (readonly number[])[]): boolean {
  return indexes.every(
    ([input, secondary], index) => input === (index === 0 ? 0 : indexes.length + index - 1) && (secondary === NONE || secondary === 1),
  );
}

/** Returns the input that the first action changes; all others continue from there. */
function baseOf(op: FileOp, inputs: FileInputs, changed: Set<number>): number | undefined {
  const real = new Set(
    op.actions
      .filter((action, index) => action.input < inputs.count && !isDocument(op.actions, index, inputs.count))
      .map(({ input }) => input),
  );
  const [first = NONE, ...others] = real;
  if (others.length > 0) return undefined;
  if (first === NONE) return NONE;
  const base = inputs.add(first);
  if (base !== undefined) changed.add(base);
  return base;
}

/** Returns true for a heredoc: a file in an empty filesystem that the next action copies. */
function isDocument(actions: readonly FileAction[], index: number, count: number): boolean {
  const [action, next] = [actions[index], actions[index + 1]];
  return action?.action === "mkfile" && action.input === NONE && next?.action === "copy" && next.secondaryInput === count + index;
}

function actionMessage(action: FileAction, base: number, secondary: number): Message | undefined {
  const owner = action.action === "rm" ? undefined : ownerMessage(action.owner, base);
  if (owner === null) return undefined;
  switch (action.action) {
    case "copy": {
      if (action.parentsPivot !== undefined) return undefined;
      return omitEmpty({
        src: secondary === NONE ? action.src : baseName(action.src),
        dest: action.dest,
        owner,
        // A symbolic mode stands alone.
        mode: typeof action.mode === "string" ? 0 : (action.mode ?? ANY_MODE),
        followSymlink: action.followSymlinks,
        dirCopyContents: action.dirCopyContents,
        attemptUnpackDockerCompatibility: action.attemptUnpack,
        createDestPath: action.createDestPath,
        allowWildcard: action.allowWildcard,
        allowEmptyWildcard: action.allowEmptyWildcard,
        timestamp: ANY_TIME,
        include_patterns: action.includePatterns,
        exclude_patterns: action.excludePatterns,
        modeStr: typeof action.mode === "string" ? action.mode : "",
      });
    }
    case "mkdir":
      return omitEmpty({ path: action.path, mode: action.mode, makeParents: action.makeParents, owner, timestamp: ANY_TIME });
    case "mkfile":
      return typeof action.mode === "string"
        ? undefined
        : omitEmpty({ path: action.path, mode: action.mode, data: action.data, owner, timestamp: ANY_TIME });
    case "rm":
    case "symlink":
      return undefined;
  }
}

const ROOT = "root";

/**
 * Returns the message of an owner, or null when it is unknown: a name without a filesystem to look
 * it up in.
 */
function ownerMessage(owner: Owner | undefined, base: number): Message | undefined | null {
  if (!owner || (owner.user === undefined && owner.group === undefined)) return undefined;
  if (base === NONE && [owner.user, owner.group].some((id) => typeof id === "string" && id !== ROOT)) return null;
  // A group alone goes with user 0, and "root" is 0 by any name.
  return omitEmpty({ user: idMessage(owner.user ?? 0, base), group: idMessage(owner.group, base) });
}

function idMessage(id: string | number | undefined, base: number): Message | undefined {
  if (id === undefined) return undefined;
  return {
    User:
      typeof id === "number" || id === ROOT ? omitEmpty({ byId: id === ROOT ? 0 : id }) : { byName: omitEmpty({ name: id, input: base }) },
  };
}

/** Returns the last name of a clean absolute path, as Go's `path.Base`. */
function baseName(path: string): string {
  return path === "/" ? "/" : path.slice(path.lastIndexOf("/") + 1);
}

/**
 * The inputs in the order in which BuildKit numbers them: the changed one, then sources in the
 * order of first use.
 */
class FileInputs {
  readonly #vertex: Vertex;
  readonly #known: (input: Vertex) => KeyVertex | undefined;
  readonly count: number;
  readonly #found: {
    readonly source: Vertex | undefined;
    readonly vertex: KeyVertex | undefined;
    readonly selectors: ContentSelector[];
  }[] = [];

  constructor(vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined) {
    this.#vertex = vertex;
    this.#known = known;
    this.count = vertex.inputs.length;
  }

  add(index: number): number | undefined {
    const source = this.#vertex.inputs[index]?.vertex;
    if (!source) return undefined;
    const found = this.#found.findIndex((other) => other.source === source);
    return found === -1 ? this.#found.push({ source, vertex: this.#known(source), selectors: [] }) - 1 : found;
  }

  secondary(action: CopyAction, actions: readonly FileAction[], count: number): number | undefined {
    const { secondaryInput, src, allowWildcard, followSymlinks, includePatterns = [], excludePatterns = [] } = action;
    if (secondaryInput === NONE) return NONE;
    const document = actions[secondaryInput - count];
    const vertex = document?.action === "mkfile" ? documentKey(document) : undefined;
    if (secondaryInput >= count && !vertex) return undefined;
    const index = vertex ? this.#found.push({ source: undefined, vertex, selectors: [] }) - 1 : this.add(secondaryInput);
    if (index === undefined) return undefined;
    const wildcard = allowWildcard && hasWildcard(src);
    this.#found[index]?.selectors.push({
      path: src,
      wildcard,
      followLinks: followSymlinks,
      include: includePatterns,
      exclude: excludePatterns,
    });
    return index;
  }

  /**
   * Returns the inputs; undefined when one of them has no key. The changed one counts as a whole.
   */
  all(changed: ReadonlySet<number>): readonly KeyInput[] | undefined {
    const inputs = this.#found.map(({ source, vertex, selectors }, index): KeyInput => {
      if (changed.has(index) || selectors.length === 0) return { vertex, selector: "", content: undefined };
      const paths = selectors
        .map(({ path }) => path)
        .sort()
        .reverse();
      return { vertex, selector: digestOf(paths.join("\0")), content: source && { input: source, selectors: distinct(selectors) } };
    });
    return inputs.every(({ vertex, content }) => vertex !== undefined || content !== undefined) ? inputs : undefined;
  }
}

/**
 * Returns each plain path once, without those below another that is followed alike; sorted by path.
 */
function distinct(selectors: readonly ContentSelector[]): readonly ContentSelector[] {
  const isPlain = ({ wildcard, include, exclude }: ContentSelector): boolean => !wildcard && include.length === 0 && exclude.length === 0;
  const plain = (follow: boolean): ContentSelector[] => {
    const paths = new Map(
      selectors.filter((selector) => isPlain(selector) && selector.followLinks === follow).map((selector) => [selector.path, selector]),
    );
    const within = (path: string, other: string): boolean => path !== other && path.startsWith(other.endsWith("/") ? other : `${other}/`);
    return [...paths.values()].filter(({ path }) => ![...paths.keys()].some((other) => within(path, other)));
  };
  const all = [...plain(false), ...plain(true), ...selectors.filter((selector) => !isPlain(selector))];
  return all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
