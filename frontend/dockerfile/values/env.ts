import { compareCodeUnits } from "../../../core/canonical.js";
import type { Variables } from "./expand.js";

/**
 * Environment of a stage in the order in which processes get it. A variable that is set again moves
 * to the end, as in BuildKit's graph, whose keys depend on that order.
 */
export class Env implements Variables {
  readonly #values: Map<string, string>;
  #list: readonly string[] | undefined;

  constructor(from?: Env) {
    this.#values = new Map(from ? from.#values : []);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  names(): Iterable<string> {
    return this.#values.keys();
  }

  set(name: string, value: string): void {
    this.#values.delete(name);
    this.#values.set(name, value);
    this.#list = undefined;
  }

  delete(name: string): void {
    this.#values.delete(name);
    this.#list = undefined;
  }

  /** Returns `NAME=value` in order. */
  list(): readonly string[] {
    this.#list ??= [...this.#values].map(([name, value]) => `${name}=${value}`);
    return this.#list;
  }
}

/** Returns name and value of `NAME=value`. Without `=` the value is empty. */
export function splitAssignment(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Returns an object with its members in code-unit order, as Go writes maps. */
export function sortedObject<V>(object: Readonly<Record<string, V>>): Record<string, V> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => compareCodeUnits(a, b)));
}
