import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseSize } from "../../core/go-values/size.js";
import { badValue } from "./errors.js";
import { placeOfEntry, type Scalar, type Tree } from "./tree.js";

/** Readers of values whose form is checked. */

/** Returns a scalar as Go prints it. */
export function textOf({ value, fraction }: Scalar): string {
  if (typeof value !== "number" || !fraction) return value === null ? "" : String(value);
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Returns the text of a scalar; undefined when it is not there. */
export function text(tree: Tree | undefined): string | undefined {
  return tree?.kind === "scalar" && tree.value !== null ? textOf(tree) : undefined;
}

/** Returns a text or a list of texts as a list. */
export function texts(tree: Tree | undefined): readonly string[] {
  if (tree?.kind === "sequence") return tree.items.flatMap((item) => text(item) ?? []);
  const one = text(tree);
  return one === undefined ? [] : [one];
}

/** Returns a mapping or a list of `NAME=VALUE` as texts by name; null is a name without a value. */
export function pairs(tree: Tree | undefined): ReadonlyMap<string, string | null> {
  if (tree?.kind === "mapping") return new Map([...tree.entries].map(([name, value]) => [name, text(value) ?? null]));
  return new Map(
    texts(tree).map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, null] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** Returns true or false. Throws `compose/value` for another text. */
export function truth(tree: Tree | undefined, path: string): boolean | undefined {
  const given = text(tree);
  if (tree === undefined || given === undefined) return undefined;
  const read = parseBoolean(given) ?? { yes: true, y: true, on: true, no: false, n: false, off: false }[given.toLowerCase()];
  if (read === undefined) throw badValue(path, `"${given}" is neither true nor false`, tree);
  return read;
}

/** Returns bytes. Throws `compose/value`. */
export function size(tree: Tree | undefined, path: string): number | undefined {
  const given = text(tree);
  if (tree === undefined || given === undefined) return undefined;
  const bytes = parseSize(given);
  if (bytes === undefined) throw badValue(path, `"${given}" is no size, such as 64m or 1gb`, tree);
  return bytes;
}

/** Returns the addresses of hosts by name. */
export function hosts(tree: Tree | undefined, path: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (tree?.kind === "mapping") {
    for (const [name, value] of tree.entries) found.set(name, value.kind === "sequence" ? texts(value) : [text(value) ?? ""]);
  }
  for (const pair of tree?.kind === "sequence" ? texts(tree) : []) {
    const at = pair.includes("=") ? pair.indexOf("=") : pair.indexOf(":");
    if (at < 0 && tree) throw badValue(path, `"${pair}" has no address`, placeOfEntry(tree, pair));
    const name = pair.slice(0, at);
    found.set(name, [...(found.get(name) ?? []), ...pair.slice(at + 1).split(",")]);
  }
  for (const [name, addresses] of found) {
    if (tree && (name === "" || /[:=]/.test(name))) throw badValue(path, `"${name}" is no name of a host`, placeOfEntry(tree, name));
    found.set(
      name,
      addresses.map((address) => /^\[(.+)\]$/.exec(address)?.[1] ?? address),
    );
  }
  return found;
}

export interface Ulimit {
  readonly soft: number;
  readonly hard: number;
  /** True when one number is given for both. */
  readonly single: boolean;
}

/** Returns limits by name. Throws `compose/value`. */
export function ulimits(tree: Tree | undefined, path: string): ReadonlyMap<string, Ulimit> {
  const number = (given: Tree | undefined, name: string): number => {
    const value = Number(text(given) ?? Number.NaN);
    if (!Number.isInteger(value)) throw badValue(`${path}.${name}`, "a whole number is needed", given ?? (tree as Tree));
    return value;
  };
  const entries = tree?.kind === "mapping" ? [...tree.entries] : [];
  return new Map(
    entries
      .filter(([name]) => !name.startsWith("x-"))
      .map(([name, value]): readonly [string, Ulimit] => {
        if (value.kind !== "mapping") return [name, { soft: number(value, name), hard: number(value, name), single: true }];
        return [name, { soft: number(value.entries.get("soft"), name), hard: number(value.entries.get("hard"), name), single: false }];
      }),
  );
}
