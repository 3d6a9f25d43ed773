import { parseBoolean } from "../../core/go-values/boolean.js";
import { string, tuple } from "../hcl/values/value.js";
import { type Entry, EntryError, readSecret, type Secret } from "./entries.js";
import { badOverride } from "./errors.js";
import { type FieldName, fieldOf, mergeFields, type TargetFields } from "./fields.js";

/** One `--set TARGET.KEY=VALUE`, or `+=`. */
export interface Override {
  readonly text: string;
  readonly pattern: string;
  readonly key: string;
  /** Rest of the key, such as the argument's name. */
  readonly name: string | undefined;
  readonly value: string | undefined;
  readonly append: boolean;
}

export function readOverride(text: string): Override {
  const at = text.indexOf("=");
  const left = at < 0 ? text : text.slice(0, at);
  const append = left.endsWith("+");
  const [pattern = "", key = "", ...rest] = left.replace(/\+$/, "").split(".");
  if (pattern === "" || key === "") throw badOverride(text, "there is no TARGET.KEY before the =");
  const name = rest.length > 0 ? rest.join(".") : undefined;
  if (at < 0 && key !== "args") throw badOverride(text, "there is no value");
  return { text, pattern, key, name, append, value: at < 0 ? undefined : text.slice(at + 1) };
}

/** Keys whose lists are set, or with `+=` made longer. Repeated keys gather. */
const LISTS: Readonly<Record<string, FieldName>> = {
  tags: "tags",
  platform: "platforms",
  output: "output",
  "cache-from": "cache-from",
  "cache-to": "cache-to",
  secrets: "secret",
  ssh: "ssh",
  attest: "attest",
  annotations: "annotations",
  entitlements: "entitlements",
  "no-cache-filter": "no-cache-filter",
  ulimits: "ulimits",
  resources: "resources",
  service: "service",
};

/** Lists that a set value is added to, `+=` or not. */
const ALWAYS_ADDED: ReadonlySet<string> = new Set(["annotations", "entitlements", "attest"]);
const TEXTS: ReadonlySet<string> = new Set([
  "context",
  "dockerfile",
  "target",
  "call",
  "network",
  "shm-size",
  "description",
  "dockerfile-inline",
]);
const MAPS: ReadonlySet<string> = new Set(["args", "labels", "contexts", "extra-hosts"]);
const FLAGS: ReadonlySet<string> = new Set(["no-cache", "pull", "push", "load"]);

/** Every key of `--set`. */
const KEYS: readonly string[] = [...Object.keys(LISTS), ...TEXTS, ...MAPS, ...FLAGS, "secret"];

/** Applies overrides to a target. `env` gives arguments without a value. */
export function applyOverrides(
  target: TargetFields,
  overrides: readonly Override[],
  env: (name: string) => string | undefined,
): TargetFields {
  let fields = target;
  const gathered = new Map<string, Override[]>();
  for (const override of overrides) {
    const { key } = override;
    if (Object.hasOwn(LISTS, key)) gathered.set(key, [...(gathered.get(key) ?? []), override]);
    else fields = applyOne(fields, override, env);
  }
  for (const [key, all] of gathered) fields = applyList(fields, key, all);
  for (const override of overrides) if (override.key === "push" || override.key === "load") fields = withOutput(fields, override);
  return fields;
}

function applyOne(fields: TargetFields, override: Override, env: (name: string) => string | undefined): TargetFields {
  const { key, name, value, text } = override;
  if (MAPS.has(key)) {
    if (name === undefined) throw badOverride(text, `${key} needs a name: ${override.pattern}.${key}.NAME=VALUE`);
    const given = value ?? env(name);
    if (given === undefined) return fields;
    const field = key as "args" | "labels" | "contexts" | "extra-hosts";
    return { ...fields, [field]: new Map([...(fields[field] ?? []), [name, given]]) };
  }
  if (TEXTS.has(key)) return { ...fields, [key]: value };
  if (key === "secret") return { ...fields, secret: withSecret(fields.secret ?? [], override) };
  if (!FLAGS.has(key)) throw badOverride(text, `there is no key "${key}"; the keys are ${KEYS.join(", ")}`);
  const flag = parseBoolean(value ?? "");
  if (flag === undefined) throw badOverride(text, `${key} is true or false`);
  return key === "push" || key === "load" ? fields : { ...fields, [key]: flag };
}

function applyList(fields: TargetFields, key: string, overrides: readonly Override[]): TargetFields {
  const name = LISTS[key] as FieldName;
  const last = overrides.at(-1) as Override;
  const read = reading(last, () => fieldOf(name).read(tuple(overrides.map(({ value = "" }) => string(value)))));
  const tidied = read as readonly unknown[];
  if (!(last.append || ALWAYS_ADDED.has(key))) return { ...fields, [name]: tidied };
  // Lists that heirs replace are made longer by +=.
  const before = (fields[name] as readonly unknown[] | undefined) ?? [];
  return name === "attest" ? mergeFields(fields, { attest: tidied as never }) : { ...fields, [name]: [...before, ...tidied] };
}

function reading<T>({ text }: Override, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof EntryError ? badOverride(text, error.message) : error;
  }
}

/** Replaces the source of a secret that is declared. */
function withSecret(secrets: readonly Secret[], override: Override): readonly Secret[] {
  const { name: id, value = "", text } = override;
  if (id === undefined) throw badOverride(text, `secret needs an id: ${override.pattern}.secret.ID=VALUE`);
  if (!secrets.some((secret) => secret.id === id)) throw badOverride(text, `the target declares no secret "${id}"`);
  const next = reading(override, () => readSecret(value));
  if (next.id !== undefined && next.id !== id) throw badOverride(text, `the id "${next.id}" is not "${id}"`);
  return secrets.map((secret) => (secret.id === id ? { ...next, id } : secret));
}

/** Adds the output that `push` or `load` stand for, where the target's own do not do it already. */
function withOutput(fields: TargetFields, { key, value = "" }: Override): TargetFields {
  const outputs = fields.output ?? [];
  const wanted = parseBoolean(value) === true;
  const output = key === "push" ? pushed(outputs, wanted) : wanted ? loaded(outputs) : outputs;
  return { ...fields, output };
}

function typeOf(entry: Entry): string {
  return entry.get("type") ?? "";
}

function pushed(outputs: readonly Entry[], push: boolean): readonly Entry[] {
  const set = outputs.map((entry) => (typeOf(entry) === "image" ? new Map([...entry, ["push", String(push)]]) : entry));
  if (!push) return set.filter((entry) => typeOf(entry) !== "registry");
  return set.every((entry) => typeOf(entry) === "docker")
    ? [
        ...set,
        new Map([
          ["type", "image"],
          ["push", "true"],
        ]),
      ]
    : set;
}

function loaded(outputs: readonly Entry[]): readonly Entry[] {
  for (const entry of outputs) {
    if (typeOf(entry) === "docker" && !entry.get("dest")) return outputs;
    if (!["docker", "image", "registry", "oci"].includes(typeOf(entry))) return outputs;
  }
  return [...outputs, new Map([["type", "docker"]])];
}
