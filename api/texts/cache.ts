import { badCache, notSupported } from "./errors.js";
import { CACHE_TYPES, type CacheType } from "../options/cache-types.js";
import type { CacheFrom, CacheTo } from "../options/options.js";
import type { Attribute, Attributes } from "../../core/attributes.js";
import { suggest } from "../../core/text/suggest.js";
import { keysOf, readAttributes } from "./attributes.js";
import { csvPairs, splitCsv } from "./csv.js";
import { hostPath, type Surroundings } from "./surroundings.js";
import type { UsageError } from "../../core/errors.js";

type Flag = "cache-from" | "cache-to";

/**
 * Attributes of BuildKit's about its connection to a service, which are ignored: nothing of the
 * cache depends on them.
 */
const PASSED_OVER = new Set(["repository", "ghtoken", "disable_accept_encoding", "upload_parallelism", "retry_mode", "retry_max_attempts"]);

/**
 * Reads the values of `--cache-from`: `type=…,…`, or references of caches and images in registries.
 */
export function parseCacheFrom(values: readonly string[], surroundings: Surroundings): CacheFrom[] {
  return parseEntries("cache-from", values).map((entry) => entry.read(surroundings) as unknown as CacheFrom);
}

/** Reads the values of `--cache-to`. */
export function parseCacheTo(values: readonly string[], surroundings: Surroundings): CacheTo[] {
  return parseEntries("cache-to", values).map((entry) => entry.read(surroundings) as unknown as CacheTo);
}

function parseEntries(flag: Flag, values: readonly string[]): Entry[] {
  return values
    .filter((value) => value !== "")
    .flatMap((value) =>
      value.includes("=")
        ? [new Entry({ flagName: flag, value, pairs: csvPairs(value, `--${flag} "${withoutCredentials(value)}"`) })]
        : // Without any key each field is a reference, as for docker buildx.
          splitCsv(value, `--${flag} "${value}"`).map(
            (ref) =>
              new Entry({
                flagName: flag,
                value,
                pairs: [
                  { key: "type", value: "registry", field: "type=registry" },
                  { key: "ref", value: ref, field: ref },
                ],
              }),
          ),
    );
}

interface EntryOptions {
  readonly flagName: Flag;
  readonly value: string;
  readonly pairs: ReturnType<typeof csvPairs>;
}

/** One cache as the command line names it. */
class Entry {
  readonly flagName: Flag;
  readonly #value: string;
  readonly #type: CacheType;
  readonly #table: Attributes;
  readonly #given = new Map<string, string>();

  constructor({ flagName, value, pairs }: EntryOptions) {
    this.flagName = flagName;
    this.#value = value;

    for (const { key, value: text, field } of pairs) {
      if (text === undefined) throw this.#error(`expected key=value instead of "${field}"`);
      this.#given.set(key, text);
    }
    const direction = flagName === "cache-from" ? "from" : "to";
    const types = CACHE_TYPES.filter((candidate: CacheType) => candidate.attributes[direction] !== undefined);
    const names = types.map(({ type }) => type).join(", ");
    const type = this.#given.get("type");
    if (type === undefined) throw this.#error("it has no type", `type is one of ${names}`);
    const found: CacheType | undefined = CACHE_TYPES.find((candidate) => candidate.type === type);
    const table = found?.attributes[direction];
    if (found === undefined || table === undefined) {
      const near = suggest(
        type,
        types.map((candidate) => candidate.type),
      );
      const readAs = found?.readAs && `an ${type} cache is read with type=${found.readAs}`;
      throw this.#error(`type "${type}" is none of ${names}`, readAs ?? (near && `did you mean type=${near}?`));
    }
    this.#type = found;
    this.#table = table;
    this.#given.delete("type");
    const known = keysOf(table);
    for (const key of this.#given.keys()) {
      if (known.includes(key) || PASSED_OVER.has(key)) continue;
      const near = suggest(key, known);
      throw this.#error(`"${key}" is no attribute of type ${type}: it takes ${known.join(", ")}`, near && `did you mean ${near}?`);
    }
  }

  /** Returns the options of the library. */
  read(surroundings: Surroundings): Readonly<Record<string, unknown>> {
    if (this.#given.get("compression") === "estargz") throw notSupported(`compression=estargz in --${this.flagName}`, "gzip and zstd are");
    for (const { key, value, found, hint } of this.#type.refuses ?? []) {
      if (this.#given.get(key) === value) throw this.#error(`${key}: ${found}`, hint);
    }
    const options = readAttributes(this.#table, this.#given, {
      path: (path) => hostPath(surroundings, path),
      refuse: (key, value, attribute) => this.#refuse(key, value, attribute),
    });
    return { type: this.#type.type, ...options };
  }

  #refuse(key: string, value: string | undefined, { form, choices = [] }: Attribute): UsageError {
    if (value === undefined) return this.#error(`type=${this.#type.type} needs ${key}=…`);
    switch (form) {
      case "choice":
        return this.#error(`${key}: "${value}" is none of ${choices.join(", ")}`);
      case "flag":
        return this.#error(`${key}: "${value}" is neither true nor false`);
      case "duration":
        return this.#error(`${key}: "${value}" is no duration`, "For example 10m or 1h30m");
      default:
        return this.#error(`${key}: "${value}" is no number`);
    }
  }

  #error(found: string, hint?: string): UsageError {
    const shown = withoutCredentials(this.#value);
    return badCache(shown, found, hint, this.flagName);
  }
}

/** Returns the value of a flag with an ellipsis for each credential in it. */
function withoutCredentials(value: string): string {
  return value.replace(/((?:secret_access_key|session_token|token|ghtoken)=)[^,]*/gi, "$1…");
}
