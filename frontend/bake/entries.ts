import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseCsv } from "../../core/go-values/csv.js";

/** A text of a target's list that cannot be read. The message names the expected form. */
export class EntryError extends Error {
  /** Indexes and names that lead to the part that cannot be read. */
  path: readonly (number | string)[] = [];
}

/** An output or a cache: attributes by name, `type` among them. */
export type Entry = ReadonlyMap<string, string>;

export interface Attestation {
  readonly type: string;
  readonly disabled: boolean;
  readonly attributes: Entry;
}

/** A secret; undefined members are not given. */
export interface Secret {
  readonly id: string | undefined;
  readonly src: string | undefined;
  readonly env: string | undefined;
}

export interface SshKeys {
  readonly id: string;
  readonly paths: readonly string[];
}

function fields(text: string): readonly string[] {
  const line = parseCsv(text);
  if ("problem" in line) throw new EntryError(`"${text}" cannot be read: ${line.problem}`);
  return line.fields;
}

function pairs(text: string, parts = fields(text)): readonly (readonly [string, string])[] {
  return parts.map((field) => {
    const at = field.indexOf("=");
    if (at < 0) throw new EntryError(`"${field}" in "${text}" is not KEY=VALUE`);
    return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
  });
}

function typed(entry: Map<string, string>, text: string): Entry {
  if (!entry.get("type")) throw new EntryError(`"${text}" has no type`);
  return entry;
}

/** Reads a cache: `type=…,…`, or references separated by commas. */
export function readCaches(text: string): readonly Entry[] {
  const parts = fields(text);
  if (!text.includes("="))
    return parts.map(
      (ref) =>
        new Map([
          ["type", "registry"],
          ["ref", ref],
        ]),
    );
  return [typed(new Map(pairs(text, parts)), text)];
}

/** Reads an output: `type=…,…`, a directory, or `-` for a tar archive. */
export function readOutput(text: string): Entry {
  const parts = fields(text);
  if (parts.length === 1 && parts[0] === text && !text.startsWith("type="))
    return new Map([
      ["type", text === "-" ? "tar" : "local"],
      ["dest", text],
    ]);
  return typed(new Map(pairs(text, parts)), text);
}

/** Returns an entry of attributes. One without a type is refused. */
export function entryOf(attributes: Iterable<readonly [string, string]>): Entry {
  const entry = new Map(attributes);
  return typed(entry, [...entry].map(([name, value]) => `${name}=${value}`).join(","));
}

export function readAttestation(text: string): Attestation {
  return attestationOf(pairs(text));
}

export function attestationOf(attributes: Iterable<readonly [string, string]>): Attestation {
  const rest = new Map(attributes);
  const type = rest.get("type");
  if (!type) throw new EntryError("an attestation has no type");
  const disabled = parseBoolean(rest.get("disabled") ?? "false");
  if (disabled === undefined) throw new EntryError(`disabled=${rest.get("disabled")} is neither true nor false`);
  rest.delete("type");
  rest.delete("disabled");
  return { type, disabled, attributes: rest };
}

export function readSecret(text: string): Secret {
  let secret: Secret = { id: undefined, src: undefined, env: undefined };
  let kind: string | undefined;
  for (const [key, value] of pairs(text)) {
    if (key === "type") kind = value;
    else if (key === "id") secret = { ...secret, id: value };
    else if (key === "src" || key === "source") secret = { ...secret, src: value };
    else if (key === "env") secret = { ...secret, env: value };
    else throw new EntryError(`"${text}" has an unknown key "${key}"; the keys are id, src, env, type`);
  }
  if (kind !== undefined && kind !== "file" && kind !== "env") throw new EntryError(`a secret is of type file or env, not "${kind}"`);
  return kind === "env" && !secret.env ? { ...secret, src: undefined, env: secret.src } : secret;
}

export function readSsh(text: string): SshKeys {
  const at = text.indexOf("=");
  return at < 0 ? { id: text, paths: [] } : { id: text.slice(0, at), paths: text.slice(at + 1).split(",") };
}

/**
 * Returns each entry once. Note that the last entry takes the place of one that is repeated,
 * because buildx does so and the order is seen in `--print`.
 */
export function uniqueEntries(entries: readonly Entry[]): readonly Entry[] {
  const kept = [...entries];
  for (let i = kept.length - 2; i >= 0; i--) {
    for (let j = i + 1; j < kept.length; j++) {
      if (!sameEntry(kept[i] as Entry, kept[j] as Entry)) continue;
      kept[j] = kept.at(-1) as Entry;
      kept.pop();
      break;
    }
  }
  return kept;
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/** Returns one item for each key: the last, in the place of the first. */
export function lastByKey<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

/** Returns each text once, without empty ones. */
export function uniqueTexts(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter((text) => text !== "");
}
