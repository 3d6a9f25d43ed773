import { configUnreadable, configNoJson, configNoObject, configNotWritten } from "./errors.js";
import { chownSync, mkdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { inHome } from "../../core/system/home.js";
import { makeDirectory } from "../../core/system/make-directory.js";
import { readRegularFile } from "../../core/system/regular-file.js";
import { quotedTexts } from "../../core/text/quoted.js";
import type { Environment } from "../../net/proxy.js";

/**
 * One registry's entry in `auths`. The entry is empty when a credential helper keeps the
 * credentials.
 */
interface AuthEntry {
  /** Base64 of `user:password`. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** Members of docker's `config.json` that are used here. Others are kept unchanged. */
export interface DockerConfig {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
  /** Proxies by the address of a daemon, or `default`. */
  readonly proxies?: Readonly<Record<string, Readonly<Partial<Record<ProxyKey, string>>>>>;
}

type ProxyKey = "httpProxy" | "httpsProxy" | "noProxy" | "ftpProxy" | "allProxy";

/** Bytes that the file may have. */
const LARGEST = 16 << 20;

/** Key of Docker Hub in docker's config file: the address of its first API. */
const HUB_KEY = "https://index.docker.io/v1/";

/**
 * Returns the path of docker's configuration: in `$DOCKER_CONFIG`, else in `~/.docker`. Returns
 * undefined where neither is set.
 */
export function dockerConfigPath(env: Environment): string | undefined {
  const directory = env["DOCKER_CONFIG"] || inHome(env, ".docker");
  return directory === undefined ? undefined : join(directory, "config.json");
}

/**
 * Reads docker's configuration. Returns an empty one for a missing file. Throws
 * `registry/config-invalid`.
 */
export function readDockerConfig(path: string | undefined): DockerConfig {
  if (path === undefined) return {};
  const text = readText(path);
  return text === undefined || text.trim() === "" ? {} : withoutNulls(parseObject(text, path));
}

/** Leaves out members that are null, which docker reads as nothing. */
function withoutNulls(config: DockerConfig): DockerConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

/**
 * Changes `auths` in the file and keeps the meaning of everything else. Replaces the file
 * atomically, readable by its owner only. Keeps a symbolic link and replaces its target. Throws
 * `registry/config-invalid`, `registry/config-not-written`.
 */
export function updateAuths(
  path: string,
  change: (auths: Readonly<Record<string, AuthEntry>>) => Readonly<Record<string, AuthEntry>>,
): void {
  const text = readText(path);
  const config = text === undefined || text.trim() === "" ? {} : parseObject(keepNumbers(text), path);
  const auths = change(config.auths ?? {});
  const changed = restoreNumbers(JSON.stringify({ ...config, auths }, undefined, "\t"));
  const target = followLink(path);
  try {
    makeDirectory(dirname(target), (directory) => mkdirSync(directory, 0o700));
    const before = statSync(target, { throwIfNoEntry: false });
    writeFileAtomic(target, changed, { mode: 0o600 });
    // Root may use the home of another user. The file must stay that user's, who could not read it
    // otherwise.
    if (before !== undefined && process.geteuid?.() === 0 && before.uid !== 0) chownSync(target, before.uid, before.gid);
  } catch (cause) {
    throw configNotWritten(target, cause);
  }
}

/** Returns the spellings under which docker looks a registry up, the usual one first. */
function spellingsOf(registry: string): readonly string[] {
  const spellings = hostsOf(registry).flatMap((host) => [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`]);
  return registry === "docker.io" ? [HUB_KEY, ...spellings] : spellings;
}

/**
 * Returns the keys of a registry in an object of `config.json`, the usual spelling first. Docker
 * takes every key whose host is the registry's, whatever scheme or path stands around it.
 */
export function keysOf(registry: string, entries: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const known = spellingsOf(registry).filter((key) => entries[key] !== undefined);
  const hosts = hostsOf(registry);
  const others = Object.keys(entries).filter((key) => !known.includes(key) && hosts.includes(hostOfKey(key)));
  return [...known, ...others];
}

/**
 * Returns the host of a key as docker's `ConvertToHostname` does: without scheme, up to the first
 * slash.
 */
function hostOfKey(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}

function hostsOf(registry: string): readonly string[] {
  return registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
}

/** Returns the name under which docker stores a registry. */
export function serverName(registry: string): string {
  return registry === "docker.io" ? HUB_KEY : registry;
}

/** Returns the credential helper that is configured for a registry. */
export function helperFor(config: DockerConfig, registry: string): string | undefined {
  const [own] = keysOf(registry, config.credHelpers);
  return (own === undefined ? undefined : config.credHelpers?.[own]) ?? (config.credsStore || undefined);
}

function readText(path: string): string | undefined {
  try {
    return readRegularFile(path, LARGEST).toString("utf8");
  } catch (cause) {
    if (systemErrorCode(cause) === "ENOENT" || systemErrorCode(cause) === "ENOTDIR") return undefined;
    throw configUnreadable(path, cause);
  }
}

function parseObject(text: string, path: string): DockerConfig {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config;
  } catch (cause) {
    throw configNoJson(path, cause);
  }
  throw configNoObject(path);
}

/** Turns numbers into marked texts, because JavaScript's numbers cannot hold all of JSON's. */
function keepNumbers(text: string): string {
  const mark = (outside: string): string => outside.replace(/-?\d[\d.eE+-]*/g, (digits) => `"\\u0000number:${digits}"`);
  const parts: string[] = [];
  let at = 0;
  for (const quoted of quotedTexts(text)) {
    parts.push(mark(text.slice(at, quoted.index)), quoted.text);
    at = quoted.index + quoted.text.length;
  }
  return [...parts, mark(text.slice(at))].join("");
}

function restoreNumbers(text: string): string {
  return text.replace(/"\\u0000number:(-?\d[\d.eE+-]*)"/g, "$1");
}

/** Returns the path to write to: the target of a link, also when the target does not exist yet. */
function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      return resolve(dirname(path), readlinkSync(path));
    } catch {
      return path;
    }
  }
}
