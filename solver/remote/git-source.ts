import type { SourceOp } from "../../llb/ops.js";

/** A Git source operation, read. */
export interface GitSource {
  /** Without user and password. */
  readonly remote: string;
  /** User and password of the URL, percent-decoded. */
  readonly userinfo: { readonly user: string; readonly password: string } | undefined;
  /** For secrets by host: `example.com:8443`; empty when the address has none. */
  readonly host: string;
  /** Branch, tag, full ref or commit; empty: the default branch. */
  readonly ref: string;
  /** A directory of the repository; empty: all of it. */
  readonly subdir: string;
  /** Start of the id that the commit (or annotated tag) must have; empty: any. */
  readonly checksum: string;
  readonly keepGitDir: boolean;
  readonly submodules: boolean;
  /** When files date from: their checkout, or the commit. */
  readonly mtime: "checkout" | "commit";
  readonly headerSecret: string;
  readonly tokenSecret: string;
  /** Whether the caller wrote the address: then their own keys are used over SSH. */
  readonly fromCaller: boolean;
  /** Id of the agent for SSH. */
  readonly agent: string;
}

/** A full commit id: SHA-1, or SHA-256. */
export function isCommitId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

export function readGitSource(op: SourceOp): GitSource {
  const { identifier, attrs } = op;
  const hash = identifier.indexOf("#");
  const fragment = hash === -1 ? "" : identifier.slice(hash + 1);
  const colon = fragment.indexOf(":");
  const address = attrs["git.fullurl"] ?? (hash === -1 ? identifier : identifier.slice(0, hash)).replace(/^git:\/\//, "https://");
  const keepGitDir = attrs["git.keepgitdir"] === "true";
  return {
    ...readAddress(address),
    ref: colon === -1 ? fragment : fragment.slice(0, colon),
    subdir: cleanSubdir(colon === -1 ? "" : fragment.slice(colon + 1)),
    checksum: (attrs["git.checksum"] ?? "").toLowerCase(),
    keepGitDir,
    submodules: attrs["git.skipsubmodules"] !== "true",
    mtime: attrs["git.mtime"] === "commit" ? "commit" : "checkout",
    headerSecret: attrs["git.authheadersecret"] ?? "GIT_AUTH_HEADER",
    tokenSecret: attrs["git.authtokensecret"] ?? "GIT_AUTH_TOKEN",
    fromCaller: attrs["git.fromcaller"] === "true",
    agent: attrs["git.mountsshsock"] || "default",
  };
}

/** Splits what is secret off a repository's address. `git@host:path` has nothing secret: the user belongs to the address of SSH. */
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
