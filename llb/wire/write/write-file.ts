import { unreachable } from "../../../core/errors.js";
import type { CopyAction, FileAction, FileOp } from "../../ops.js";
import { cannotWrite } from "../errors.js";
import type { ValueOf } from "../message.js";
import { ANY_MODE, ANY_TIME } from "../numbers.js";
import type { ACTION, FILE } from "../operations.js";
import { NONE, type WrittenInput, WrittenInputs } from "./inputs.js";
import { ownerMessage } from "./owners.js";

type ActionMessage = ValueOf<typeof ACTION>;

interface FileContext {
  readonly inputs: readonly WrittenInput[];
  readonly step: string;
  /** Writes an operation of one action on an empty filesystem. */
  readonly alone: (action: FileAction) => WrittenInput;
}

interface Written {
  readonly file: ValueOf<typeof FILE>;
  readonly inputs: readonly WrittenInput[];
}

/**
 * Returns the message of COPY, ADD and WORKDIR, and its inputs in BuildKit's order: the changed
 * one, then sources by their first use. Note that a heredoc becomes an operation of its own, as
 * BuildKit's frontend makes it, because digests would differ otherwise.
 */
export function fileMessage(op: FileOp, context: FileContext): Written {
  const inputs = new WrittenInputs();
  const count = context.inputs.length;
  const documents = new Map<number, WrittenInput>();
  /** Places of our actions among the written ones. */
  const places = new Map<number, number>();
  const made: ((results: number) => ActionMessage)[] = [];
  let names = NONE;
  for (const [index, action] of op.actions.entries()) {
    if (isDocument(op.actions, index, count)) {
      documents.set(count + index, context.alone(action));
      continue;
    }
    const input = (number: number): ((results: number) => number) => {
      const place = places.get(number - count);
      if (place !== undefined) return (results) => results + place;
      const known = inputs.add(documents.get(number) ?? context.inputs[number]);
      return () => known;
    };
    const base = input(action.input);
    const secondary = action.action === "copy" ? input(action.secondaryInput) : () => NONE;
    // Names of users are looked up in the filesystem that the first action changes.
    if (made.length === 0) names = base(0);
    const message = actionMessage(action, names, context);
    places.set(index, made.length);
    made.push((results) => ({ input: base(results), secondaryInput: secondary(results), ...message }));
  }
  const actions = made.map((make, index) => ({ ...make(inputs.list.length), output: index === made.length - 1 ? 0 : NONE }));
  return { file: { actions }, inputs: inputs.list };
}

/** Returns true for a heredoc: a file in an empty filesystem that the next action copies. */
function isDocument(actions: readonly FileAction[], index: number, count: number): boolean {
  const [action, next] = [actions[index], actions[index + 1]];
  return action?.action === "mkfile" && action.input === NONE && next?.action === "copy" && next.secondaryInput === count + index;
}

function actionMessage(action: FileAction, base: number, { step }: FileContext): ActionMessage {
  const owner = action.action === "rm" ? undefined : ownerMessage(action.owner, base);
  const common = { ...(owner && { owner }), timestamp: ANY_TIME };
  switch (action.action) {
    case "copy":
      return { copy: { ...common, ...copyMessage(action) } };
    case "mkdir":
      return { mkdir: { ...common, path: action.path, mode: action.mode, makeParents: action.makeParents } };
    case "mkfile":
      if (typeof action.mode === "string")
        throw cannotWrite(step, `the mode "${action.mode}" of a new file is symbolic`, "Give it octal permission bits");
      return { mkfile: { ...common, path: action.path, mode: action.mode, data: Buffer.from(action.data, "base64") } };
    case "rm":
      return { rm: { path: action.path, allowNotFound: action.allowNotFound, allowWildcard: action.allowWildcard } };
    case "symlink":
      return { symlink: { ...common, oldpath: action.oldPath, newpath: action.newPath } };
    default:
      return unreachable(action);
  }
}

function copyMessage(action: CopyAction): NonNullable<ActionMessage["copy"]> {
  const { src, dest, mode, includePatterns, excludePatterns } = action;
  return {
    src,
    dest,
    // A symbolic mode stands alone.
    ...(typeof mode === "string" ? { modeStr: mode } : { mode: mode ?? ANY_MODE }),
    followSymlink: action.followSymlinks,
    // The root has no name below which it could be copied. BuildKit's frontend leaves it out there.
    dirCopyContents: action.dirCopyContents && (src !== "/" || action.allowWildcard),
    attemptUnpackDockerCompatibility: action.attemptUnpack,
    createDestPath: action.createDestPath,
    allowWildcard: action.allowWildcard,
    allowEmptyWildcard: action.allowEmptyWildcard,
    ...(includePatterns && { include_patterns: includePatterns }),
    ...(excludePatterns && { exclude_patterns: excludePatterns }),
    ...withParents(action),
  };
}

/** Returns what COPY --parents is there: a copy of the pivot, of which one pattern is taken. */
function withParents({ src, parentsPivot }: CopyAction): NonNullable<ActionMessage["copy"]> {
  if (parentsPivot === undefined) return {};
  const pattern = src.slice(parentsPivot === "/" ? 1 : parentsPivot.length + 1);
  return { src: parentsPivot, include_patterns: [pattern], ...(hasWildcard(src) ? {} : { required_paths: [src] }) };
}

function hasWildcard(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./g, ""));
}
