import { badReference, badRegistry, nameWithDigest } from "./errors.js";
import { isDigest, type Digest } from "../core/digest.js";

/**
 * A name of an image, normalised: `alpine` is registry `docker.io`, repository `library/alpine`.
 * When a digest is present, it decides and the tag is only shown.
 */
export interface Reference {
  /** Host with optional port in the canonical form: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DEFAULT_REGISTRY = "docker.io";
const OFFICIAL = "library/";
/** The distribution project's limit for a repository path. */
const MAX_NAME = 255;

const HOST_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const REGISTRY = new RegExp(`^(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`);
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/**
 * Reads a reference as docker does: the distribution project's grammar with docker.io/library/ as
 * default. Adds no tag, see {@link withDefaultTag}. Throws `reference/invalid`, which quotes the
 * text and names the fault.
 */
export function parseReference(text: string): Reference {
  const fail = (why: string, hint?: string): never => {
    throw badReference(text, why, hint);
  };
  if (text === "") fail("it is empty");
  if (/^[0-9a-f]{64}$/.test(text)) fail("64 hexadecimal digits are an image id, not a name");
  if (/\s/.test(text)) fail("it has a blank in it");
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(text)) fail("it has a scheme", `Leave out "${text.slice(0, text.indexOf("//") + 2)}"`);

  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    fail(
      /^sha(384|512):/.test(digest)
        ? `only sha256 digests are supported, not "${digest.slice(0, 6)}"`
        : `"${digest}" is not a digest (sha256: and 64 hexadecimal digits in lower case)`,
    );
  }
  const named = at < 0 ? text : text.slice(0, at);
  // A colon after the last slash starts a tag; an earlier one is a port.
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/") && !named.endsWith("]");
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) {
    fail(
      tag === ""
        ? "the tag after the colon is empty"
        : `"${tag}" is not a tag (letters, digits, "_", ".", "-"; at most 128; not starting with "." or "-")`,
    );
  }
  const { registry, repository } = splitName(hasTag ? named.slice(0, colon) : named);
  if (!REGISTRY.test(registry)) fail(`"${registry}" is not a registry host`);
  if (repository === "") fail("the repository name is empty");
  if (repository !== repository.toLowerCase()) {
    // docker.io/library/ is not written in short names.
    const written = repository.replace(/^library\//, "");
    fail("the repository name must be in lower case", `Write ${text.replace(written, written.toLowerCase())}`);
  }
  for (const component of repository.split("/")) {
    if (component === "") fail("the repository name has an empty part");
    if (!COMPONENT.test(component)) {
      fail(`"${component}" is not part of a repository name (lower-case letters and digits, with single ".", "_", "__" or "-" between)`);
    }
  }
  if (repository.length > MAX_NAME) fail(`the repository name is longer than ${MAX_NAME} characters`);
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

/** Returns `text` as a reference, or undefined when it is none. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

/**
 * Splits a name into registry and repository. The first part is a registry when it looks like a
 * host: it has a dot, a colon or upper case, or is `localhost`.
 */
function splitName(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  let registry = isHost ? first : DEFAULT_REGISTRY;
  let repository = isHost ? name.slice(slash + 1) : name;
  if (registry === "index.docker.io") registry = DEFAULT_REGISTRY;
  if (registry === DEFAULT_REGISTRY && !repository.includes("/")) repository = OFFICIAL + repository;
  return { registry, repository };
}

/**
 * Returns a registry's host as references name it, from the text that a user logs in with: with or
 * without scheme and path, Docker Hub by any of its names. Throws `reference/invalid`.
 */
export function parseRegistry(text: string): string {
  const host = text.replace(/^https?:\/\//i, "").replace(/\/.*$/s, "");
  if (!REGISTRY.test(host)) {
    throw badRegistry(text);
  }
  return ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"].includes(host) ? DEFAULT_REGISTRY : host;
}

/** Returns the reference with `:latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: "latest" } : reference;
}

/**
 * Returns the canonical form: `docker.io/library/alpine:3.20@sha256:…`. Parsing the form gives the
 * same reference.
 */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffix(reference)}`;
}

/**
 * Returns the short form that docker shows: `alpine:3.20`. Parsing the form gives the same
 * reference.
 */
export function familiarReference(reference: Reference): string {
  return `${familiarRepository(reference)}${suffix(reference)}`;
}

/** Returns the short form without tag and digest. */
export function familiarRepository(reference: Reference): string {
  if (reference.registry !== DEFAULT_REGISTRY) return `${reference.registry}/${reference.repository}`;
  const short = reference.repository.startsWith(OFFICIAL) ? reference.repository.slice(OFFICIAL.length) : reference.repository;
  // `library/a/b` keeps the prefix, because `a/b` would be read as another repository.
  return short.includes("/") && short !== reference.repository ? reference.repository : short;
}

/**
 * Returns a name for the local store: canonical, with a tag, without a digest. Throws
 * `reference/invalid` when `text` has a digest.
 */
export function parseImageName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) {
    throw nameWithDigest(
      text,
      familiarReference({ registry: reference.registry, repository: reference.repository, tag: reference.tag ?? "latest" }),
    );
  }
  return formatReference(withDefaultTag(reference));
}

function suffix(reference: Reference): string {
  return `${reference.tag === undefined ? "" : `:${reference.tag}`}${reference.digest === undefined ? "" : `@${reference.digest}`}`;
}
