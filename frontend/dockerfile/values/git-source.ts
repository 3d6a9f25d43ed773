import type { GitAddress } from "../../../llb/sources/git.js";

const SCP = /^[a-zA-Z0-9-_.]+@[a-zA-Z0-9-_.]+:/;
const PROTOCOL = /^([a-zA-Z0-9]+):\/\//;

/**
 * Reads a Git source: `git://`, `ssh://` and `user@host:path` always are one, `http(s)://` when its
 * path ends in `.git`. Returns undefined for any other text, and the reason for a faulty source.
 */
export function parseGitSource(text: string): GitAddress | string | undefined {
  const protocol = PROTOCOL.exec(text)?.[1]?.toLowerCase();
  if (protocol === undefined ? !SCP.test(text) : !["git", "ssh", "http", "https"].includes(protocol)) return undefined;
  const hash = text.indexOf("#");
  const fragment = hash === -1 ? "" : text.slice(hash + 1);
  const beforeHash = hash === -1 ? text : text.slice(0, hash);
  const question = beforeHash.indexOf("?");
  const remote = question === -1 ? beforeHash : beforeHash.slice(0, question);
  if ((protocol === "http" || protocol === "https") && !remote.endsWith(".git")) return undefined;
  const colon = fragment.indexOf(":");
  const start = {
    remote,
    ref: colon === -1 ? fragment : fragment.slice(0, colon),
    subdir: colon === -1 ? "" : fragment.slice(colon + 1),
  };
  return withQuery(start, new URLSearchParams(question === -1 ? "" : beforeHash.slice(question + 1)));
}

function withQuery(start: { remote: string; ref: string; subdir: string }, query: URLSearchParams): GitAddress | string {
  let { ref, subdir } = start;
  let checksum = "";
  let keepGitDir: boolean | undefined;
  let submodules: boolean | undefined;
  let mtime: GitAddress["mtime"];
  let fetchByCommit = false;
  let named: string | undefined;
  const setRef = (value: string): string | undefined => {
    if (ref !== "" && ref !== value) return `it names two refs, "${ref}" and "${value}"`;
    ref = value;
    return undefined;
  };
  for (const key of new Set(query.keys())) {
    const values = query.getAll(key);
    const value = values[0] ?? "";
    if (values.length > 1) return `"${key}" is given twice`;
    const isSwitch = key === "submodules" || key === "keep-git-dir" || key === "fetch-by-commit";
    if (value === "" && !isSwitch) return `"${key}" has no value`;
    const on = isSwitch ? (value === "" ? true : /^(1|t|true)$/i.test(value)) : false;
    if (isSwitch && value !== "" && !/^(1|t|true|0|f|false)$/i.test(value)) return `"${value}" is not true or false`;
    let problem: string | undefined;
    switch (key) {
      case "ref":
        problem = setRef(value);
        break;
      case "tag":
      case "branch": {
        if (named !== undefined) return "it names a tag and a branch";
        named = key;
        const prefix = key === "tag" ? "refs/tags/" : "refs/heads/";
        problem = setRef(value.startsWith(prefix) ? value : prefix + value);
        break;
      }
      case "subdir":
        if (subdir !== "" && subdir !== value) return `it names two directories, "${subdir}" and "${value}"`;
        subdir = value;
        break;
      case "checksum":
      case "commit":
        checksum = value;
        break;
      case "keep-git-dir":
        keepGitDir = on;
        break;
      case "submodules":
        submodules = on;
        break;
      case "mtime":
        if (value !== "checkout" && value !== "commit") return `"${value}" is neither checkout nor commit`;
        mtime = value;
        break;
      case "fetch-by-commit":
        fetchByCommit = on;
        break;
      default:
        return `there is no option "${key}"`;
    }
    if (problem) return problem;
  }
  // Only the whole id names a commit. With the start of one, the default branch is searched.
  if (fetchByCommit && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(checksum)) return "fetch-by-commit needs commit= with a whole id";
  return { remote: start.remote, ref: (fetchByCommit ? checksum : ref) || checksum, subdir, checksum, keepGitDir, submodules, mtime };
}
