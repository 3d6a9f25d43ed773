import { basename } from "node:path";
import { isDigest } from "../../core/digest.js";
import { withoutUserinfo } from "../../core/text/address.js";
import type { SourceOp } from "../ops.js";
import { gitSource } from "./git.js";
import { httpSource } from "./http.js";
import { IMAGE_SCHEME, LAYOUT_SCHEME } from "./image.js";
import { localSource } from "./local.js";
import { readSource } from "./source.js";

/**
 * Attributes that are ours. Note that the consent of this machine's caller goes to no other
 * machine: there the caller consents again.
 */
const OWN: readonly string[] = ["git.fromcaller", "blob.filename", "local.unique"];

/**
 * Returns a source as BuildKit knows it: without what is ours, and with what it needs besides.
 * `images` is the mode in which images are looked up.
 */
export function wireSource(op: SourceOp, images?: string): SourceOp {
  const shared = Object.entries(op.attrs).filter(([name]) => !OWN.includes(name));
  return { kind: "source", identifier: publicIdentifier(op), attrs: { ...Object.fromEntries(shared), ...moreAttributes(op, images) } };
}

/** Returns the address without places on this machine's disk. */
function publicIdentifier(op: SourceOp): string {
  const source = readSource(op);
  return source?.kind === "image" && source.layout ? `${LAYOUT_SCHEME}://${basename(source.ref)}` : op.identifier;
}

function moreAttributes(op: SourceOp, images: string | undefined): SourceOp["attrs"] {
  const source = readSource(op);
  switch (source?.kind) {
    case "image":
      return images === undefined || source.layout ? {} : { "image.resolvemode": images };
    // The hint by which a daemon finds what it has already of a client's directory.
    case "local":
      return { "local.sharedkeyhint": source.name };
    case "blob":
      return { "http.filename": source.filename };
    case "git":
      return /^(https?|git):/i.test(source.remote) ? {} : { "git.mountsshsock": source.agent };
    default:
      return {};
  }
}

/** Names of capabilities by the names of the attributes that need them. */
const OF_ATTRIBUTES: ReadonlyMap<string, string> = new Map([
  ["local.excludepatterns", "source.local.excludepatterns"],
  ["local.sharedkeyhint", "source.local.sharedkeyhint"],
  ["image.resolvemode", "source.image.resolvemode"],
  ["git.keepgitdir", "source.git.keepgitdir"],
  ["git.fullurl", "source.git.fullurl"],
  ["git.authheadersecret", "source.git.httpauth"],
  ["git.authtokensecret", "source.git.httpauth"],
  ["git.mountsshsock", "source.git.mountsshsock"],
  ["git.checksum", "source.git.checksum"],
  ["git.skipsubmodules", "source.git.skipsubmodules"],
  ["git.mtime", "source.git.mtime"],
  ["http.checksum", "source.http.checksum"],
]);

/** Names of capabilities by the schemes that need them. */
const OF_SCHEMES: ReadonlyMap<string, string> = new Map([
  ["local", "source.local"],
  [IMAGE_SCHEME, "source.image"],
  [LAYOUT_SCHEME, "source.ocilayout"],
  ["oci-layout+blob", "source.imageblob"],
  ["git", "source.git"],
  ["http", "source.http"],
  ["https", "source.http"],
]);

/** Returns the capabilities that a source needs of its solver, by BuildKit's names. */
export function sourceCapabilities(identifier: string, attributes: Iterable<string>): string[] {
  const scheme = OF_SCHEMES.get(identifier.slice(0, identifier.indexOf(":")).toLowerCase());
  const needed = [...attributes].flatMap((name) => OF_ATTRIBUTES.get(name) ?? []);
  return [...new Set([...(scheme === undefined ? [] : [scheme]), ...needed])];
}

/** Reports a part of a source that cannot be solved. */
interface Refusal {
  fail(part: string, why: string, hint?: string): never;
}

type WireAttributes = ReadonlyMap<string, string>;

/** Attributes that change nothing of the content: they belong to a session, or help a cache. */
const IDLE: readonly string[] = [
  "local.session",
  "local.unique",
  "local.sharedkeyhint",
  "local.followpaths",
  "local.differ",
  "image.recordtype",
  "git.authheadersecret",
  "git.authtokensecret",
  "git.knownsshhosts",
];

/**
 * Reads a source of a definition that others made, as our graph has it. Note that we take only what
 * we know: an attribute could give the caller's secrets to another host, or consent in the caller's
 * place. Places of this machine's disk and store are no sources there.
 */
export function readWireSource(identifier: string, attrs: WireAttributes, at: Refusal): SourceOp {
  const known = new Map([...attrs].filter(([name]) => !IDLE.includes(name)));
  refuseSecrets(attrs, at);
  const take = (name: string): string | undefined => {
    const value = known.get(name);
    known.delete(name);
    return value;
  };
  const read = readScheme(identifier, take, at);
  for (const [name] of known) at.fail(`source.attrs.${name}`, "tsbuild has nothing that does the same");
  return read;
}

/** Secrets go to the hosts that their names say, and under no other name. */
function refuseSecrets(attrs: WireAttributes, at: Refusal): void {
  for (const [name, usual] of SECRETS) {
    const value = attrs.get(name) || usual;
    if (value !== usual) at.fail(`source.attrs.${name}`, `a secret of the name "${value}" is not sent`, `Call it ${usual}`);
  }
}

const SECRETS = [
  ["git.authheadersecret", "GIT_AUTH_HEADER"],
  ["git.authtokensecret", "GIT_AUTH_TOKEN"],
] as const;

type Take = (name: string) => string | undefined;

function readScheme(identifier: string, take: Take, at: Refusal): SourceOp {
  const scheme = identifier.slice(0, Math.max(0, identifier.indexOf(":"))).toLowerCase();
  const rest = identifier.slice(scheme.length + "://".length);
  if (/[\0-\x20\x7f]/.test(identifier)) at.fail("source.identifier", "it holds blanks or invisible characters");
  switch (scheme) {
    case "local":
      return localSource(rest, localPatterns(take, at));
    case IMAGE_SCHEME: {
      const mode = take("image.resolvemode") ?? "";
      if (!["", "default", "local"].includes(mode)) at.fail("source.attrs.image.resolvemode", `it is "${mode}"`, "Use --pull");
      return { kind: "source", identifier: `${IMAGE_SCHEME}://${rest}`, attrs: {} };
    }
    case "http":
    case "https":
      return readDownload(identifier, take, at);
    case "git":
      return readRepository(identifier, take, at);
    default:
      return at.fail("source.identifier", `tsbuild has no source "${scheme}"`);
  }
}

/** Returns the patterns of files that are left out: all but those that are to be included. */
function localPatterns(take: Take, at: Refusal): readonly string[] {
  const include = patternList("local.includepattern", take, at);
  const exclude = patternList("local.excludepatterns", take, at);
  if (include.length === 0) return exclude;
  const turned = [...include, ...exclude].find((pattern) => pattern.startsWith("!"));
  if (turned !== undefined) at.fail("source.attrs.local.includepattern", `"${turned}" stands beside patterns that include`);
  return ["**", ...include.map((pattern) => `!${pattern}`), ...exclude];
}

function patternList(name: string, take: Take, at: Refusal): readonly string[] {
  const text = take(name);
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    list = undefined;
  }
  const isList = Array.isArray(list) && list.every((item) => typeof item === "string" && !item.includes("\0"));
  return isList ? (list as string[]) : at.fail(`source.attrs.${name}`, "it is no list of patterns");
}

function readDownload(url: string, take: Take, at: Refusal): SourceOp {
  if (!URL.canParse(url)) at.fail("source.identifier", `"${withoutUserinfo(url)}" is no URL`);
  const checksum = take("http.checksum") ?? "";
  if (checksum !== "" && !isDigest(checksum)) at.fail("source.attrs.http.checksum", `"${checksum}" is no digest`);
  const filename = take("http.filename") ?? "";
  if (/[/\0]/.test(filename) || filename === "." || filename === "..")
    at.fail("source.attrs.http.filename", `"${filename}" is no name of a file`);
  const numbers = (["http.perm", "http.uid", "http.gid"] as const).flatMap((name) => {
    const value = take(name);
    if (value !== undefined && !/^(0o?[0-7]{1,5}|\d{1,9})$/.test(value)) at.fail(`source.attrs.${name}`, `"${value}" is no number`);
    return value === undefined ? [] : [[name, value] as const];
  });
  const op = httpSource(url, { filename: filename || lastPart(url) || "download", checksum });
  return { ...op, attrs: { ...op.attrs, ...Object.fromEntries(numbers) } };
}

/** Returns the name of a file that a URL ends with; an empty text where it is none. */
function lastPart(url: string): string {
  const name = basename(new URL(url).pathname);
  try {
    const decoded = decodeURIComponent(name);
    return /[/\0]/.test(decoded) || decoded === "." || decoded === ".." ? "" : decoded;
  } catch {
    return "";
  }
}

function readRepository(identifier: string, take: Take, at: Refusal): SourceOp {
  const hash = identifier.indexOf("#");
  const [ref = "", ...subdir] = hash === -1 ? [] : identifier.slice(hash + 1).split(":");
  const plain = hash === -1 ? identifier : identifier.slice(0, hash);
  const remote = take("git.fullurl") ?? plain.replace(/^git:/i, "https:");
  if (!/^((https?|git|ssh):\/\/[^-\0-\x20][^\0-\x20]*|[\w.-]+@[\w.-]+:[^\0-\x20]+)$/i.test(remote) || remote.startsWith("-"))
    at.fail("source.attrs.git.fullurl", `"${withoutUserinfo(remote)}" is no address of a repository`);
  if (/^-|[\s~^:?*[\\]|\.\./.test(ref)) at.fail("source.identifier", `"${ref}" is no branch, tag or commit`);
  const checksum = take("git.checksum") ?? "";
  if (!/^[0-9a-f]{0,64}$/i.test(checksum)) at.fail("source.attrs.git.checksum", `"${checksum}" is no commit`);
  const mtime = take("git.mtime");
  if (mtime !== undefined && mtime !== "commit" && mtime !== "checkout") at.fail("source.attrs.git.mtime", `it is "${mtime}"`);
  const agent = take("git.mountsshsock");
  const directory = subdir.join(":");
  if (directory.split("/").includes("..")) at.fail("source.identifier", `"${directory}" leads out of the repository`);
  const op = gitSource({
    remote,
    ref,
    subdir: directory,
    checksum,
    keepGitDir: take("git.keepgitdir") === "true",
    submodules: take("git.skipsubmodules") !== "true",
    mtime,
  });
  return agent === undefined ? op : { ...op, attrs: { ...op.attrs, "git.mountsshsock": agent } };
}
