import { badFilter } from "./errors.js";

/** Returns the value of a field of a record; undefined for one that is absent, or false. */
export type FieldOf<Item> = (item: Item, field: string) => string | undefined;

type Test<Item> = (item: Item) => boolean;

/**
 * Reads filters as containerd writes them: `FIELD`, `FIELD==VALUE`, `FIELD!=VALUE` and
 * `FIELD~=REGEXP`, joined with commas. An item has to pass one of the texts. No text, or an empty
 * one, lets every item pass.
 */
export function parseRecordFilters<Item>(texts: readonly string[], valueOf: FieldOf<Item>): Test<Item> {
  if (texts.length === 0) return () => true;
  const tests = texts.map((text) => testOf(text, valueOf));
  return (item) => tests.some((passes) => passes(item));
}

function testOf<Item>(text: string, valueOf: FieldOf<Item>): Test<Item> {
  const tests = selectorsOf(text).map((selector) => passesSelector(selector, valueOf));
  return (item) => tests.every((passes) => passes(item));
}

interface Selector {
  readonly field: string;
  readonly operator?: string;
  readonly value: string;
  readonly text: string;
}

/** A field with its parts, the operator, and the value, which may be quoted. */
const SELECTOR =
  /\s*([\w"][^\s=!~,]*)\s*(?:([=!~]+)\s*("(?:[^"\\\n]|\\.)*"|\/(?:[^/\\\n]|\\.)*\/|\|(?:[^|\\\n]|\\.)*\||[^\s,]+)\s*)?(,|$)/suy;

function selectorsOf(text: string): readonly Selector[] {
  const selectors: Selector[] = [];
  if (text === "") return selectors;
  const form = new RegExp(SELECTOR);
  for (let more = true; more; ) {
    const [, field = "", operator, value = "", comma = ""] = form.exec(text) ?? [];
    if (field === "" || !["==", "!=", "~=", undefined].includes(operator)) throw badFilter(text);
    selectors.push({ field: field.replaceAll('"', ""), ...(operator === undefined ? {} : { operator }), value: unquoted(value), text });
    more = comma !== "";
  }
  return selectors;
}

/** Returns a value without its quotes. Slashes and bars quote regular expressions. */
function unquoted(value: string): string {
  const [quote = ""] = value;
  if (!['"', "/", "|"].includes(quote) || value.length < 2 || !value.endsWith(quote)) return value;
  return value.slice(1, -1).replaceAll(`\\${quote}`, quote).replaceAll("\\\\", "\\");
}

function passesSelector<Item>({ field, operator, value, text }: Selector, valueOf: FieldOf<Item>): Test<Item> {
  switch (operator) {
    case undefined:
      return (item) => valueOf(item, field) !== undefined;
    case "==":
      return (item) => valueOf(item, field) === value;
    case "!=":
      return (item) => (valueOf(item, field) ?? "") !== value;
    default: {
      const expression = expressionOf(value, text);
      return (item) => expression.test(valueOf(item, field) ?? "");
    }
  }
}

function expressionOf(source: string, text: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    throw badFilter(text);
  }
}
