import { cleanPath } from "../../../core/text/pattern-matcher.js";
import type { CopyAction, FileAction, FileOp, Owner } from "../../ops.js";
import type { ValueOf } from "../message.js";
import { ANY_MODE, ANY_TIME } from "../numbers.js";
import type { ACTION, FILE, OWNER } from "../operations.js";
import type { VertexReader } from "./vertex-reader.js";

type ActionMessage = ValueOf<typeof ACTION>;
type CopyMessage = NonNullable<ActionMessage["copy"]>;

const MODES = 0o7777;

/** Reads actions on files. `count` is the number of inputs of the vertex. */
export function readFile({ actions = [] }: ValueOf<typeof FILE>, count: number, at: VertexReader): FileOp {
  if (actions.length === 0) at.fail("file.actions", "there are none");
  return {
    kind: "file",
    actions: actions.map((message, index) => {
      const { output = 0 } = message;
      const isLast = index === actions.length - 1;
      if (isLast ? output !== 0 : output !== -1) at.fail("file.actions.output", "only the last action may have an output, which is 0");
      return readAction(message, count + index, at);
    }),
  };
}

/** Reads an action. It may name `count` filesystems: inputs, and results of earlier actions. */
function readAction(message: ActionMessage, count: number, at: VertexReader): FileAction {
  const input = at.index("file.actions.input", message.input ?? 0, count);
  const { copy, mkfile, mkdir, rm, symlink } = message;
  const path = (part: string, text = ""): string => cleanPath(`/${at.text(`file.${part}`, text)}`);
  const owned = (owner: ValueOf<typeof OWNER> | undefined): { readonly owner?: Owner } => {
    const read = owner && readOwner(owner, at);
    return read ? { owner: read } : {};
  };
  if (copy) {
    timeless("copy", copy.timestamp, at);
    const secondaryInput = at.index("file.actions.secondaryInput", message.secondaryInput ?? 0, count);
    if (secondaryInput === -1) at.fail("file.actions.secondaryInput", "a copy comes from the empty filesystem");
    return { action: "copy", input, secondaryInput, ...readCopy(copy, at), ...owned(copy.owner) };
  }
  if (mkfile) {
    timeless("mkfile", mkfile.timestamp, at);
    const data = Buffer.from(mkfile.data ?? []).toString("base64");
    return {
      action: "mkfile",
      input,
      path: path("mkfile.path", mkfile.path),
      mode: bits(mkfile.mode ?? 0, at),
      data,
      ...owned(mkfile.owner),
    };
  }
  if (mkdir) {
    timeless("mkdir", mkdir.timestamp, at);
    const { makeParents = false, mode = 0 } = mkdir;
    return { action: "mkdir", input, path: path("mkdir.path", mkdir.path), mode: bits(mode, at), makeParents, ...owned(mkdir.owner) };
  }
  if (rm)
    return {
      action: "rm",
      input,
      path: path("rm.path", rm.path),
      allowNotFound: rm.allowNotFound ?? false,
      allowWildcard: rm.allowWildcard ?? false,
    };
  if (symlink) {
    timeless("symlink", symlink.timestamp, at);
    const oldPath = at.text("file.symlink.oldpath", symlink.oldpath ?? "");
    return { action: "symlink", input, oldPath, newPath: path("symlink.newpath", symlink.newpath), ...owned(symlink.owner) };
  }
  return at.fail("file.actions", "an action is of no known kind");
}

function readCopy(copy: CopyMessage, at: VertexReader): Omit<CopyAction, "action" | "input" | "secondaryInput" | "owner"> {
  at.refuse("file.copy.alwaysReplaceExistingDestPaths", copy.alwaysReplaceExistingDestPaths);
  const src = cleanPath(`/${at.text("file.copy.src", copy.src ?? "")}`);
  const dest = at.text("file.copy.dest", copy.dest ?? "");
  const { mode = 0, modeStr = "", include_patterns: include = [], exclude_patterns: exclude = [], required_paths: required = [] } = copy;
  return {
    ...parents(src, include, required, at),
    dest: withSlash(cleanPath(`/${dest}`), /(^|\/)\.?$/.test(dest)),
    ...(modeStr === "" ? (mode === ANY_MODE ? {} : { mode: bits(mode, at) }) : { mode: modeStr }),
    followSymlinks: copy.followSymlink ?? false,
    // The root has no name below which it could be copied.
    dirCopyContents: (copy.dirCopyContents ?? false) || src === "/",
    attemptUnpack: copy.attemptUnpackDockerCompatibility ?? false,
    createDestPath: copy.createDestPath ?? false,
    allowWildcard: copy.allowWildcard ?? false,
    allowEmptyWildcard: copy.allowEmptyWildcard ?? false,
    ...(exclude.length > 0 ? { excludePatterns: exclude } : {}),
  };
}

/** Reads patterns. One pattern that has to be there is what COPY --parents writes. */
function parents(
  src: string,
  include: readonly string[],
  required: readonly string[],
  at: VertexReader,
): Pick<CopyAction, "src" | "includePatterns" | "parentsPivot"> {
  if (required.length === 0) return { src, ...(include.length > 0 ? { includePatterns: include } : {}) };
  const [pattern = ""] = include;
  const path = cleanPath(`${src}/${pattern}`);
  if (include.length !== 1 || required.length !== 1 || cleanPath(`/${required[0] ?? ""}`) !== path)
    at.refuse("file.copy.required_paths", true, "Require the one path that is included");
  return { src: path, parentsPivot: src };
}

const withSlash = (path: string, isDirectory: boolean): string => (isDirectory && path !== "/" ? `${path}/` : path);

function timeless(action: string, timestamp: number | undefined, at: VertexReader): void {
  if (timestamp !== ANY_TIME)
    at.refuse(`file.${action}.timestamp`, true, "Leave the time out: --build-arg SOURCE_DATE_EPOCH dates all files of the image");
}

function bits(mode: number, at: VertexReader): number {
  if (mode < 0 || mode > MODES) at.fail("file.mode", `${mode.toString(8)} are no permission bits`);
  return mode;
}

function readOwner({ user, group }: ValueOf<typeof OWNER>, at: VertexReader): Owner | undefined {
  const [userId, groupId] = [user, group].map((id) => {
    if (!id) return undefined;
    if (id.byName) return at.text("file.owner", id.byName.name ?? "");
    return id.byID ?? 0;
  });
  if (userId === undefined && groupId === undefined) return undefined;
  return { ...(userId === undefined ? {} : { user: userId }), ...(groupId === undefined ? {} : { group: groupId }) };
}
