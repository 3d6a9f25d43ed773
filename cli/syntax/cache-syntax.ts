import type { CacheFrom, CacheTo, MountSelection } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseDuration } from "../../core/go-values/duration.js";
import { suggest } from "../../core/text/suggest.js";
import { csvPairs, splitCsv } from "./csv.js";
import { type CliEnvironment, hostPath } from "../environment.js";
import { notSupported, UsageError } from "../exit-codes.js";

type Flag = "cache-from" | "cache-to";
type GhaAttributes = Omit<Extract<CacheFrom, { type: "gha" }>, "type" | "mounts">;

const S3 = [
  "bucket",
  "region",
  "prefix",
  "manifests_prefix",
  "blobs_prefix",
  "name",
  "endpoint_url",
  "use_path_style",
  "access_key_id",
  "secret_access_key",
  "session_token",
  "touch_refresh",
];
const GHA = ["scope", "url", "url_v2", "token", "version", "timeout"];
const COMMON_TO = ["mode", "compression", "compression-level", "force-compression", "ignore-error", "mounts"];
const FORMS = ["image-manifest", "oci-mediatypes"];

/** Attributes by flag and type. */
const ATTRIBUTES: Readonly<Record<Flag, Readonly<Record<string, readonly string[]>>>> = {
  "cache-from": {
    registry: ["ref", "registry.insecure", "mounts"],
    local: ["src", "tag", "digest", "mounts"],
    gha: [...GHA, "mounts"],
    s3: [...S3, "mounts"],
  },
  "cache-to": {
    registry: ["ref", "registry.insecure", ...FORMS, ...COMMON_TO],
    local: ["dest", "tag", "reset", ...FORMS, ...COMMON_TO],
    inline: ["mode"],
    gha: [...GHA, ...COMMON_TO],
    s3: [...S3, ...COMMON_TO],
  },
};

/**
 * Attributes of BuildKit's about its connection to a service, which are ignored: nothing of the
 * cache depends on them.
 */
const PASSED_OVER = new Set(["repository", "ghtoken", "disable_accept_encoding", "upload_parallelism", "retry_mode", "retry_max_attempts"]);

/**
 * Reads the values of `--cache-from`: `type=…,…`, or references of caches and images in registries.
 */
export function parseCacheFrom(values: readonly string[], environment: CliEnvironment): CacheFrom[] {
  return parseEntries("cache-from", values).map((entry): CacheFrom => {
    const mounts = entry.mounts();
    switch (entry.type) {
      case "registry":
        return { type: "registry", ref: entry.required("ref"), ...entry.flag("registry.insecure", "insecure"), ...mounts };
      case "local":
        return {
          type: "local",
          src: hostPath(environment, entry.required("src")),
          ...entry.text("tag"),
          ...entry.text("digest"),
          ...mounts,
        };
      case "gha":
        return { type: "gha", ...ghaOptions(entry), ...mounts };
      default:
        return { type: "s3", ...s3Options(entry), ...mounts };
    }
  });
}

/** Reads the values of `--cache-to`. */
export function parseCacheTo(values: readonly string[], environment: CliEnvironment): CacheTo[] {
  return parseEntries("cache-to", values).map((entry): CacheTo => {
    if (entry.type === "inline") {
      if (entry.get("mode") === "max")
        throw entry.bad("mode", "an inline cache holds the layers of the image only", "Use type=registry for mode=max");
      return { type: "inline" };
    }
    const common = commonTo(entry);
    const forms = { ...entry.flag("image-manifest", "imageManifest"), ...entry.flag("oci-mediatypes", "ociMediaTypes") };
    switch (entry.type) {
      case "registry":
        return { type: "registry", ref: entry.required("ref"), ...entry.flag("registry.insecure", "insecure"), ...forms, ...common };
      case "local": {
        const dest = hostPath(environment, entry.required("dest"));
        return { type: "local", dest, ...entry.text("tag"), ...entry.flag("reset", "reset"), ...forms, ...common };
      }
      case "gha":
        return { type: "gha", ...ghaOptions(entry), ...common };
      default:
        return { type: "s3", ...s3Options(entry), ...common };
    }
  });
}

function parseEntries(flag: Flag, values: readonly string[]): Entry[] {
  return values
    .filter((value) => value !== "")
    .flatMap((value) =>
      value.includes("=")
        ? [new Entry(flag, value, csvPairs(value, `--${flag} "${withoutCredentials(value)}"`))]
        : // As docker buildx has it: without any key each field is a reference.
          splitCsv(value, `--${flag} "${value}"`).map(
            (ref) =>
              new Entry(flag, value, [
                { key: "type", value: "registry", field: "type=registry" },
                { key: "ref", value: ref, field: ref },
              ]),
          ),
    );
}

function commonTo(entry: Entry) {
  if (entry.get("compression") === "estargz") throw notSupported(`compression=estargz in --${entry.flagName}`, "gzip and zstd are");
  const level = entry.get("compression-level");
  if (level !== undefined && !/^\d+$/.test(level)) throw entry.bad("compression-level", `"${level}" is no number`);
  return {
    ...entry.choice("mode", ["min", "max"]),
    ...entry.choice("compression", ["gzip", "zstd", "uncompressed"]),
    ...(level === undefined ? {} : { compressionLevel: Number(level) }),
    ...entry.flag("force-compression", "forceCompression"),
    ...entry.flag("ignore-error", "ignoreError"),
    ...entry.mounts(),
  };
}

function ghaOptions(entry: Entry): GhaAttributes {
  const { version } = entry.choice("version", ["1", "2"]);
  return {
    ...entry.text("scope"),
    ...entry.text("url"),
    ...entry.text("url_v2", "urlV2"),
    ...entry.text("token"),
    ...(version === undefined ? {} : { version: version === "1" ? 1 : 2 }),
    ...entry.duration("timeout", "timeout"),
  };
}

function s3Options(entry: Entry) {
  const names = entry.get("name")?.split(";").filter(Boolean);
  return {
    ...entry.text("bucket"),
    ...entry.text("region"),
    ...entry.text("prefix"),
    ...entry.text("manifests_prefix", "manifestsPrefix"),
    ...entry.text("blobs_prefix", "blobsPrefix"),
    ...(names ? { names } : {}),
    ...entry.text("endpoint_url", "endpointUrl"),
    ...entry.flag("use_path_style", "usePathStyle"),
    ...entry.text("access_key_id", "accessKeyId"),
    ...entry.text("secret_access_key", "secretAccessKey"),
    ...entry.text("session_token", "sessionToken"),
    ...entry.duration("touch_refresh", "touchRefresh"),
  };
}

/** One cache as the command line names it. */
class Entry {
  readonly type: string;
  readonly #attributes = new Map<string, string>();

  constructor(
    readonly flagName: Flag,
    private readonly value: string,
    pairs: ReturnType<typeof csvPairs>,
  ) {
    for (const { key, value: text, field } of pairs) {
      if (text === undefined) throw this.#error(`expected key=value instead of "${field}"`);
      this.#attributes.set(key, text);
    }
    const types = ATTRIBUTES[flagName];
    const type = this.#attributes.get("type");
    if (type === undefined) throw this.#error("it has no type", `type is one of ${Object.keys(types).join(", ")}`);
    this.type = type;
    const known = types[type];
    if (!known) {
      const inline = flagName === "cache-from" && type === "inline" ? "an inline cache is read with type=registry" : undefined;
      const near = suggest(type, Object.keys(types));
      throw this.#error(`type "${type}" is none of ${Object.keys(types).join(", ")}`, inline ?? (near && `did you mean type=${near}?`));
    }
    this.#attributes.delete("type");
    for (const key of this.#attributes.keys()) {
      if (known.includes(key) || PASSED_OVER.has(key)) continue;
      const near = suggest(key, known);
      throw this.#error(`"${key}" is no attribute of type ${type}: it takes ${known.join(", ")}`, near && `did you mean ${near}?`);
    }
  }

  get(key: string): string | undefined {
    return this.#attributes.get(key);
  }

  required(key: string): string {
    const value = this.#attributes.get(key);
    if (!value) throw this.#error(`type=${this.type} needs ${key}=…`);
    return value;
  }

  /** Returns the attribute under the library's name for it, when it is present. */
  text<Name extends string>(key: Name): { readonly [K in Name]?: string };
  text<Name extends string>(key: string, name: Name): { readonly [K in Name]?: string };
  text(key: string, name = key): Readonly<Record<string, string>> {
    const value = this.#attributes.get(key);
    return value === undefined ? {} : { [name]: value };
  }

  choice<Key extends string, Value extends string>(key: Key, values: readonly Value[]): { readonly [K in Key]?: Value };
  choice(key: string, values: readonly string[]): Readonly<Record<string, string>> {
    const value = this.#attributes.get(key);
    if (value === undefined) return {};
    if (!values.includes(value)) throw this.bad(key, `"${value}" is none of ${values.join(", ")}`);
    return { [key]: value };
  }

  flag<Name extends string>(key: string, name: Name): { readonly [K in Name]?: boolean };
  flag(key: string, name: string): Readonly<Record<string, boolean>> {
    const value = this.#attributes.get(key);
    if (value === undefined) return {};
    const parsed = parseBoolean(value);
    if (parsed === undefined) throw this.bad(key, `"${value}" is neither true nor false`);
    return { [name]: parsed };
  }

  /** Returns a duration such as `10m` or `1h30m`, in Go's syntax, in milliseconds. */
  duration<Name extends string>(key: string, name: Name): { readonly [K in Name]?: number };
  duration(key: string, name: string): Readonly<Record<string, number>> {
    const value = this.#attributes.get(key);
    if (value === undefined) return {};
    const nanoseconds = parseDuration(value);
    if (nanoseconds === undefined || nanoseconds < 0) throw this.bad(key, `"${value}" is no duration`, "For example 10m or 1h30m");
    return { [name]: nanoseconds / 1e6 };
  }

  /** Returns `mounts=all`, or ids with semicolons between. */
  mounts(): { readonly mounts?: MountSelection } {
    const value = this.#attributes.get("mounts");
    if (value === undefined) return {};
    return { mounts: value === "all" ? "all" : value.split(";").filter(Boolean) };
  }

  bad(key: string, found: string, hint?: string): UsageError {
    return this.#error(`${key}: ${found}`, hint);
  }

  #error(found: string, hint?: string): UsageError {
    const shown = withoutCredentials(this.value);
    return new UsageError("cli/cache", `Cannot read --${this.flagName} "${shown}": ${found}`, hint ? { hint } : {});
  }
}

/** Returns the value of a flag with an ellipsis for each credential in it. */
function withoutCredentials(value: string): string {
  return value.replace(/((?:secret_access_key|session_token|token|ghtoken)=)[^,]*/gi, "$1…");
}
