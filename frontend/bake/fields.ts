import { convert, MismatchError } from "../hcl/values/convert.js";
import { BOOL, isKeyed, listOf, mapOf, objectOf, STRING, type Type } from "../hcl/values/type.js";
import { bool, entries, list, map, members, nullOf, object, string, textOf, type Value } from "../hcl/values/value.js";
import { attributesOf, ENTRY, readItems, within } from "./items.js";
import {
  type Attestation,
  attestationOf,
  type Entry,
  entryOf,
  lastByKey,
  readAttestation,
  readCaches,
  readOutput,
  readSecret,
  readSsh,
  type Secret,
  type SshKeys,
  uniqueEntries,
  uniqueTexts,
} from "./entries.js";

/** One attribute of a target: how it is read, joined with an inherited one, and written. */
interface Field<T> {
  /** Reads a value that is not null. Throws MismatchError or EntryError. */
  read(value: Value): T;
  /** Returns the value that expressions see. */
  value(field: T | undefined): Value;
  /** Joins an inherited one with the target's own. */
  merge(inherited: T, own: T): T;
  /** Removes duplicates of the joined value. Returns undefined when nothing remains. */
  tidy(field: T): T | undefined;
  /** Returns the form of `--print`. */
  json(field: T): unknown;
}

const own = <T>(_: T, mine: T): T => mine;
const same = <T>(field: T): T => field;

const text: Field<string> = {
  read: (value) => textOf(convert(value, STRING)),
  value: (field) => (field === undefined ? nullOf(STRING) : string(field)),
  merge: own,
  tidy: same,
  json: same,
};

/** A text that counts as not given when it is empty. */
const notEmpty: Field<string> = { ...text, tidy: (field) => field || undefined };

const flag: Field<boolean> = {
  read: (value) => convert(value, BOOL).data as boolean,
  value: (field) => (field === undefined ? nullOf(BOOL) : bool(field)),
  merge: own,
  tidy: same,
  json: same,
};

/** Returns a field of a list of texts. `join` joins it with the inherited one. */
function texts(join: "replace" | "append", tidy: Field<readonly string[]>["tidy"]): Field<readonly string[]> {
  return {
    read: (value) =>
      members(convert(value, listOf(STRING))).map((item, i) =>
        within(i, () => {
          if (item.data === null) throw new MismatchError(`element ${i} must not be null`);
          return textOf(item);
        }),
      ),
    value: (field) => (field === undefined ? nullOf(listOf(STRING)) : list(STRING, field.map(string))),
    merge: (inherited, mine) => (join === "replace" ? mine : [...inherited, ...mine]),
    tidy,
    json: same,
  };
}

const orNothing = <T>(items: readonly T[]): readonly T[] | undefined => (items.length === 0 ? undefined : items);
const once = (items: readonly string[]): readonly string[] | undefined => orNothing(uniqueTexts(items));

type TextMap = ReadonlyMap<string, string | null>;

/** Texts by name. A null keeps the inherited text. */
const textMap: Field<TextMap> = {
  read: (value) => new Map([...entries(convert(value, mapOf(STRING)))].map(([name, item]) => [name, item.data as string | null])),
  value: (field) =>
    field === undefined
      ? nullOf(mapOf(STRING))
      : map(
          STRING,
          [...field].map(([name, item]) => [name, item === null ? nullOf(STRING) : string(item)] as const),
        ),
  merge: (inherited, mine) => new Map([...inherited, ...[...mine].filter(([, item]) => item !== null)]),
  tidy: (field) => {
    const given = [...field].filter(([, item]) => item !== null);
    return given.length === 0 ? undefined : new Map(given);
  },
  json: sortedJson,
};

/** Contexts by name. An empty text takes one away. */
const contexts: Field<TextMap> = {
  ...textMap,
  read: (value) => {
    const read = textMap.read(value);
    for (const [name, item] of read) {
      within(name, () => {
        if (item === null) throw new MismatchError(`the context "${name}" must not be null`);
      });
    }
    return read;
  },
  tidy: (field) => {
    const given = [...field].filter(([, item]) => item !== "");
    return given.length === 0 ? undefined : new Map(given);
  },
};

/** Returns a field of a list of outputs or caches: texts or objects. */
function entryList(
  read: (text: string) => readonly Entry[],
  join: "replace" | "append",
  always: readonly string[] = [],
): Field<readonly Entry[]> {
  const value = (entry: Entry): Value =>
    map(STRING, [...always.map((name) => [name, string("")] as const), ...[...entry].map(([name, item]) => [name, string(item)] as const)]);
  return {
    read: (given) =>
      readItems(given, ENTRY, (item) => (item.type.kind === "string" ? read(textOf(item)) : [entryOf(attributesOf(item))])).flat(),
    value: (field) => list(ENTRY, (field ?? []).map(value)),
    merge: (inherited, mine) => (join === "replace" ? mine : uniqueEntries([...inherited, ...mine])),
    tidy: (field) => orNothing(uniqueEntries(field)),
    json: (field) => field.map((entry) => sortedJson(new Map([...entry].filter(([name, item]) => name !== "dest" || item !== "")))),
  };
}

const attestations: Field<readonly Attestation[]> = {
  read: (given) =>
    readItems(given, ENTRY, (item) => (item.type.kind === "string" ? readAttestation(textOf(item)) : attestationOf(attributesOf(item)))),
  value: (field) =>
    list(
      ENTRY,
      (field ?? []).map((one) =>
        map(
          STRING,
          [...attestationPairs(one)].map(([name, item]) => [name, string(String(item))] as const),
        ),
      ),
    ),
  merge: (inherited, mine) => lastByKey([...inherited, ...mine], ({ type }) => type),
  tidy: (field) => orNothing(lastByKey(field, ({ type }) => type)),
  json: (field) => field.map((one) => sortedJson(attestationPairs(one))),
};

function attestationPairs({ type, disabled, attributes }: Attestation): ReadonlyMap<string, string | boolean> {
  return new Map<string, string | boolean>([...attributes, ["type", type], ...(disabled ? [["disabled", true] as const] : [])]);
}

const SECRET: Type = {
  kind: "object",
  attributes: new Map(["id", "src", "env"].map((name) => [name, STRING])),
  optional: new Set(["id", "src", "env"]),
};

const secrets: Field<readonly Secret[]> = {
  read: (given) => readItems(given, SECRET, (item) => (item.type.kind === "string" ? readSecret(textOf(item)) : secretOf(item))),
  value: (field) => {
    const items = (field ?? []).map(({ id, src, env }) =>
      object(Object.entries({ id, src, env }).map(([name, item]) => [name, string(item ?? "")] as const)),
    );
    return list(items[0]?.type ?? SECRET, items);
  },
  merge: (inherited, mine) => lastByKey([...inherited, ...mine], ({ id }) => id ?? ""),
  tidy: (field) => orNothing(lastByKey(field, ({ id }) => id ?? "")),
  json: (field) => field.map(({ id, src, env }) => ({ ...(id && { id }), ...(src && { src }), ...(env && { env }) })),
};

function secretOf(value: Value): Secret {
  const given = entries(convert(value, SECRET));
  const member = (name: string): string | undefined => (given.get(name)?.data as string | null | undefined) ?? undefined;
  return { id: member("id"), src: member("src"), env: member("env") };
}

const SSH: Type = {
  kind: "object",
  attributes: new Map<string, Type>([
    ["id", STRING],
    ["paths", listOf(STRING)],
  ]),
  optional: new Set(["id", "paths"]),
};

const sshKeys: Field<readonly SshKeys[]> = {
  read: (given) => readItems(given, SSH, (item) => (item.type.kind === "string" ? readSsh(textOf(item)) : sshOf(item))),
  value: (field) => {
    const items = (field ?? []).map(({ id, paths }) =>
      object([
        ["id", string(id)],
        ["paths", list(STRING, paths.map(string))],
      ]),
    );
    return list(
      objectOf(
        new Map<string, Type>([
          ["id", STRING],
          ["paths", listOf(STRING)],
        ]),
      ),
      items,
    );
  },
  merge: (inherited, mine) => lastByKey([...inherited, ...mine], ({ id }) => id),
  tidy: (field) => orNothing(lastByKey(field, ({ id }) => id)),
  json: (field) => field.map(({ id, paths }) => ({ ...(id && { id }), ...(paths.length > 0 && { paths }) })),
};

function sshOf(value: Value): SshKeys {
  if (!isKeyed(value.type)) throw new MismatchError("an object with id and paths is required");
  const given = entries(convert(value, SSH));
  const paths = given.get("paths");
  return { id: (given.get("id")?.data as string | null | undefined) ?? "", paths: paths ? members(paths).map(textOf) : [] };
}

/** Returns an object with sorted names, as Go prints a map. */
function sortedJson(given: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...given].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The attributes of a target, in the order of `--print`. */
export const FIELDS = {
  description: notEmpty,
  inherits: texts("append", same),
  annotations: texts("append", once),
  attest: attestations,
  context: text,
  contexts,
  dockerfile: text,
  "dockerfile-inline": text,
  args: textMap,
  labels: textMap,
  tags: texts("replace", once),
  "cache-from": entryList(readCaches, "append"),
  "cache-to": entryList(readCaches, "replace"),
  target: text,
  secret: secrets,
  ssh: sshKeys,
  platforms: texts("replace", once),
  output: entryList((given) => [readOutput(given)], "replace", ["dest"]),
  pull: flag,
  "no-cache": flag,
  network: text,
  "no-cache-filter": texts("append", once),
  "shm-size": text,
  ulimits: texts("append", once),
  resources: texts("append", once),
  service: texts("append", once),
  call: text,
  entitlements: texts("append", once),
  "extra-hosts": textMap,
  /** Members of a group. */
  targets: texts("replace", same),
} as const;

export type FieldName = keyof typeof FIELDS;
type FieldType<N extends FieldName> = (typeof FIELDS)[N] extends Field<infer T> ? T : never;

/** Attributes of one target; an attribute that is not given is not there. */
export type TargetFields = { readonly [N in FieldName]?: FieldType<N> };

/** Any field, where its type does not matter. */
type AnyField = Field<unknown>;

export function fieldOf(name: FieldName): AnyField {
  return FIELDS[name];
}

export function isField(name: string): name is FieldName {
  return Object.hasOwn(FIELDS, name);
}

/** Joins an inherited target with one of its heirs. */
export function mergeFields(inherited: TargetFields, mine: TargetFields): TargetFields {
  const merged: Record<string, unknown> = { ...inherited };
  for (const [name, value] of Object.entries(mine)) {
    const before = merged[name];
    merged[name] = before === undefined ? value : fieldOf(name as FieldName).merge(before, value);
  }
  return merged;
}

/** Returns a target without duplicates and empty values. */
export function tidyFields(fields: TargetFields): TargetFields {
  const host = fields.network === "host" ? { entitlements: [...(fields.entitlements ?? []), "network.host"] } : {};
  const tidied = Object.entries({ ...fields, ...host }).map(([name, value]) => [name, fieldOf(name as FieldName).tidy(value)]);
  return Object.fromEntries(tidied.filter(([, value]) => value !== undefined));
}
