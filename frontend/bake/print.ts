import { quoted } from "../hcl/values/json.js";
import type { BakeDefinition } from "./definition.js";
import { type FieldName, FIELDS, fieldOf, type TargetFields } from "./fields.js";
import type { BakePlan } from "./select.js";

/** Attributes whose texts are escaped, so that the printed definition can be read again. */
const ESCAPED: ReadonlySet<string> = new Set(["annotations", "dockerfile-inline", "labels", "args", "extra-hosts"]);

function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("${", () => "$${").replaceAll("%{", "%%{");
  if (Array.isArray(value)) return value.map(escaped);
  return Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, escaped(item)]));
}

/** Returns the attributes of a target as plain data. */
export function attributesJson(fields: TargetFields): Record<string, unknown> {
  const names = (Object.keys(FIELDS) as FieldName[]).filter((name) => fields[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, fieldOf(name).json(fields[name])]));
}

/** Returns a target as `--print` shows it. */
function targetJson(fields: TargetFields): Record<string, unknown> {
  const attributes = Object.entries(attributesJson(fields));
  return Object.fromEntries(attributes.map(([name, json]) => [name, ESCAPED.has(name) ? escaped(json) : json]));
}

/** Returns a plan as the plain data that `--print` shows. */
export function planJson({ groups, targets }: BakePlan): Record<string, unknown> {
  const group = groups.map(({ name, description, targets: members }) => [name, { ...(description && { description }), targets: members }]);
  return {
    ...(group.length > 0 ? { group: Object.fromEntries(group) } : {}),
    target: Object.fromEntries(targets.map(({ name, fields }) => [name, targetJson(fields)])),
  };
}

/** Returns JSON with two spaces, in the bytes of Go's encoder. */
export function goJson(value: unknown, indent = ""): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value))
    return value.length === 0 ? "[]" : `[\n${value.map((item) => deeper + goJson(item, deeper)).join(",\n")}\n${indent}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).map(([name, item]) => `${deeper}${quoted(name)}: ${goJson(item, deeper)}`);
    return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${indent}}`;
  }
  return typeof value === "string" ? quoted(value) : JSON.stringify(value);
}

/** A row of the list of targets. */
export interface ListedTarget {
  readonly name: string;
  readonly description?: string;
  readonly group?: true;
}

/** Returns the targets and groups by name, without private ones: those that begin with `_`. */
export function listTargets({ targets, groups }: BakeDefinition): readonly ListedTarget[] {
  const rows: ListedTarget[] = [
    ...targets.map(({ name, fields }) => ({ name, ...(fields.description && { description: fields.description }) })),
    ...groups.map(({ name, description, targets: members }) => {
      const list = [...members].sort().join(", ");
      const text = description ? (list === "" ? description : `${description} (${list})`) : list;
      return { name, ...(text !== "" && { description: text }), group: true as const };
    }),
  ];
  return rows.filter(({ name }) => !name.startsWith("_")).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
