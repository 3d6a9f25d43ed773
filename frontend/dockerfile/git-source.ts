/** A Git repository as ADD and contexts name it. */
export interface GitSource {
  /** As given, without fragment and query. */
  readonly remote: string;
  readonly ref: string;
  readonly subdir: string;
  readonly checksum: string;
  readonly keepGitDir: boolean | undefined;
  readonly submodules: boolean | undefined;
}

const SCP = /^[a-zA-Z0-9-_.]+@[a-zA-Z0-9-_.]+:/;
const PROTOCOL = /^([a-zA-Z0-9]+):\/\//;

/**
 * Reads a Git source: `git://`, `ssh://` and `user@host:path` always are one, `http(s)://` when its path ends in `.git`.
 * Undefined for anything else; a text says what is wrong with one.
 */
export function parseGitSource(text: string): GitSource | string | undefined {
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

function withQuery(start: { remote: string; ref: string; subdir: string }, query: URLSearchParams): GitSource | string {
  let { ref, subdir } = start;
  let checksum = "";
  let keepGitDir: boolean | undefined;
  let submodules: boolean | undefined;
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
    const isSwitch = key === "submodules" || key === "keep-git-dir";
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
      default:
        return `there is no option "${key}"`;
    }
    if (problem) return problem;
  }
  return { remote: start.remote, ref: ref || checksum, subdir, checksum, keepGitDir, submodules };
}

/** The identifier of a Git source operation. */
export function gitIdentifier(source: GitSource): string {
  const path = source.remote.replace(PROTOCOL, "").replace(/^([^/:]+@)?([^/:]+):(?!\d)/, "$1$2/");
  const fragment = source.subdir === "" ? source.ref : `${source.ref}:${source.subdir}`;
  return `git://${path}${fragment === "" ? "" : `#${fragment}`}`;
}
