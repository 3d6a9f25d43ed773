import type { CopyAction, FileAction, FileOp, Owner } from "../../../llb/ops.js";

/**
 * Returns the file op of one COPY, ADD or WORKDIR line: input 0 is the target, input 1 the source.
 * It reads enough of the syntax for cases of file ops.
 */
export function fileOpOf(line: string): FileOp {
  const [keyword, ...words] = line.trim().split(/\s+/) as [string, ...string[]];
  if (keyword === "WORKDIR") {
    const [path = "/", user] = words;
    return {
      kind: "file",
      actions: [{ action: "mkdir", input: 0, path, mode: 0o755, makeParents: true, ...(user ? { owner: ownerOf(user) } : {}) }],
    };
  }
  if (keyword === "RM")
    return {
      kind: "file",
      actions: words.map(
        (path, index): FileAction => ({ action: "rm", input: chain(index), path, allowNotFound: false, allowWildcard: true }),
      ),
    };
  const flags = words.filter((word) => word.startsWith("--"));
  const paths = words.filter((word) => !word.startsWith("--"));
  const values = (name: string): string[] =>
    flags.filter((flag) => flag.startsWith(`--${name}=`)).map((flag) => flag.slice(name.length + 3));
  const dest = paths.pop() ?? "/";
  const [chmod] = values("chmod");
  const [chown] = values("chown");
  const exclude = values("exclude");
  const common: Omit<CopyAction, "input" | "src"> = {
    action: "copy",
    secondaryInput: 1,
    dest: absolute(dest),
    ...(chown === undefined ? {} : { owner: ownerOf(chown) }),
    ...(chmod === undefined ? {} : { mode: /^[0-7]+$/.test(chmod) ? Number.parseInt(chmod, 8) : chmod }),
    ...(exclude.length === 0 ? {} : { excludePatterns: exclude }),
    followSymlinks: true,
    dirCopyContents: true,
    attemptUnpack: keyword === "ADD",
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
  };
  return {
    kind: "file",
    actions: paths.map((src, index): FileAction => {
      const pivot = src.indexOf("/./");
      return {
        ...common,
        input: chain(index),
        src: absolute(src),
        ...(flags.includes("--parents") ? { parentsPivot: pivot === -1 ? "/" : absolute(src.slice(0, pivot)) } : {}),
      };
    }),
  };
}

function chain(index: number): number {
  return index === 0 ? 0 : index + 1;
}

function absolute(path: string): string {
  if (path === "" || path === ".") return "/";
  return path.startsWith("/") ? path : `/${path}`;
}

function ownerOf(text: string): Owner {
  const [user, group] = text.split(":");
  const value = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);
  return { ...(user ? { user: value(user) } : {}), ...(group ? { group: value(group) } : {}) };
}
