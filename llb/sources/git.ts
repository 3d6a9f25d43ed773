import { withoutUserinfo } from "../../core/text/address.js";
import type { SourceOp } from "../ops.js";

/** A Git repository as ADD and contexts name it. */
export interface GitAddress {
  /** Address as written, without fragment and query. */
  readonly remote: string;
  readonly ref: string;
  readonly subdir: string;
  readonly checksum: string;
  readonly keepGitDir: boolean | undefined;
  readonly submodules: boolean | undefined;
  /** Date of the files; undefined means the time of their checkout. */
  readonly mtime: "checkout" | "commit" | undefined;
}

/** A Git source operation, read. */
export interface GitSource {
  readonly kind: "git";
  /** Address without user and password. */
  readonly remote: string;
  /** User and password of the URL, percent-decoded. */
  readonly userinfo: { readonly user: string; readonly password: string } | undefined;
  /** Host that secrets are found by, `example.com:8443`; empty when the address has none. */
  readonly host: string;
  /** Branch, tag, full ref or commit; empty for the default branch. */
  readonly ref: string;
  /** Directory of the repository; empty for all of it. */
  readonly subdir: string;
  /** Start of the id that the commit (or annotated tag) must have; empty for any. */
  readonly checksum: string;
  readonly keepGitDir: boolean;
  readonly submodules: boolean;
  /** Date of the files: their checkout, or the commit. */
  readonly mtime: "checkout" | "commit";
  readonly headerSecret: string;
  readonly tokenSecret: string;
  /** True when the caller wrote the address. Over SSH the caller's own keys are used then. */
  readonly fromCaller: boolean;
  /** Id of the agent for SSH. */
  readonly agent: string;
}

const HEADER_SECRET = "GIT_AUTH_HEADER";
const TOKEN_SECRET = "GIT_AUTH_TOKEN";

/**
 * Returns the operation of a repository: `git://HOST/PATH#REF:DIRECTORY`. User and password of the
 * address are in `git.fullurl` only, which nobody keeps or prints. `checksum` and
 * `keepGitDir` count where the address does not set them. `fromCaller` means that the caller wrote
 * the address, and not the Dockerfile, so that over SSH the caller's keys are used without further
 * consent.
 */
export function gitSource(
  address: GitAddress,
  options: { readonly checksum?: string; readonly keepGitDir?: boolean; readonly fromCaller?: boolean } = {},
): SourceOp {
  const checksum = address.checksum || options.checksum || "";
  return {
    kind: "source",
    identifier: identifierOf(address),
    attrs: {
      "git.authheadersecret": HEADER_SECRET,
      "git.authtokensecret": TOKEN_SECRET,
      "git.fullurl": address.remote,
      ...((address.keepGitDir ?? options.keepGitDir) ? { "git.keepgitdir": "true" } : {}),
      ...(checksum === "" ? {} : { "git.checksum": checksum }),
      ...(address.submodules === false ? { "git.skipsubmodules": "true" } : {}),
      ...(address.mtime === "commit" ? { "git.mtime": "commit" } : {}),
      ...(options.fromCaller && !/^(https?|git):/i.test(address.remote) ? { "git.fromcaller": "true" } : {}),
    },
  };
}

function identifierOf({ remote, ref, subdir }: GitAddress): string {
  const path = withoutUserinfo(remote)
    .replace(/^[a-zA-Z0-9]+:\/\//, "")
    .replace(/^([^/:]+@)?([^/:]+):(?!\d)/, "$1$2/");
  const fragment = subdir === "" ? ref : `${ref}:${subdir}`;
  return `git://${path}${fragment === "" ? "" : `#${fragment}`}`;
}

/** Reads an operation of {@link gitSource} or of BuildKit; undefined for another scheme. */
export function readGit({ identifier, attrs }: SourceOp): GitSource | undefined {
  if (!identifier.startsWith("git://")) return undefined;
  const hash = identifier.indexOf("#");
  const fragment = hash === -1 ? "" : identifier.slice(hash + 1);
  const colon = fragment.indexOf(":");
  const address = attrs["git.fullurl"] ?? (hash === -1 ? identifier : identifier.slice(0, hash)).replace(/^git:\/\//, "https://");
  return {
    kind: "git",
    ...readAddress(address),
    ref: colon === -1 ? fragment : fragment.slice(0, colon),
    subdir: cleanSubdir(colon === -1 ? "" : fragment.slice(colon + 1)),
    checksum: (attrs["git.checksum"] ?? "").toLowerCase(),
    keepGitDir: attrs["git.keepgitdir"] === "true",
    submodules: attrs["git.skipsubmodules"] !== "true",
    mtime: attrs["git.mtime"] === "commit" ? "commit" : "checkout",
    headerSecret: attrs["git.authheadersecret"] ?? HEADER_SECRET,
    tokenSecret: attrs["git.authtokensecret"] ?? TOKEN_SECRET,
    fromCaller: attrs["git.fromcaller"] === "true",
    agent: attrs["git.mountsshsock"] || "default",
  };
}

/**
 * Splits the secrets off the address of a repository. `git@host:path` holds none: the user belongs
 * to the address of SSH.
 */
function readAddress(address: string): Pick<GitSource, "remote" | "userinfo" | "host"> {
  if (!/^https?:\/\//i.test(address)) {
    const [, host = ""] = /^(?:[a-z]+:\/\/)?(?:[^@/]*@)?([^/:]+)/i.exec(address) ?? [];
    return { remote: address, userinfo: undefined, host };
  }
  const url = new URL(address);
  const { username, password, host } = url;
  url.username = "";
  url.password = "";
  const userinfo =
    username === "" && password === "" ? undefined : { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  return { remote: url.href, userinfo, host };
}

function cleanSubdir(subdir: string): string {
  return subdir
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
