import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Pair,
  type Scalar as YamlScalar,
} from "yaml";
import type { SourceFile } from "../../core/diagnostics.js";
import { LineMap } from "../../core/text/line-map.js";
import { badYaml, endlessAlias, tooManyNodes } from "./errors.js";
import type { Place, Tree } from "./tree.js";

/** Values that a file may have once its aliases are followed, as in docker. */
const LIMIT = 100_000;

const MERGE_KEY = "<<";

/** Returns the documents of a YAML file, without empty ones. Throws `compose/syntax`. */
export function readYaml(source: SourceFile): readonly Tree[] {
  const lines = new LineMap(source.text);
  const documents = parseAllDocuments(source.text, { prettyErrors: false, uniqueKeys: true, logLevel: "error", stringKeys: false });
  const list: readonly Document[] = Array.isArray(documents) ? documents : [];
  return list.flatMap((document) => {
    const [error] = document.errors;
    if (error) throw badYaml(lowerFirst(error.message), { source, range: lines.range(error.pos[0], Math.max(error.pos[0], error.pos[1])) });
    return document.contents === null ? [] : [new TreeReader(document, { source, lines }).read(document.contents, [])];
  });
}

/** Returns true for a text that is a Compose file: a YAML mapping with services. */
export function isCompose(source: SourceFile): boolean {
  try {
    return readYaml(source).some((tree) => tree.kind === "mapping" && tree.entries.has("services"));
  } catch {
    return false;
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Turns one document into a tree. */
class TreeReader {
  readonly #document: Document;
  readonly #source: SourceFile;
  readonly #lines: LineMap;
  #nodes = 0;

  constructor(document: Document, { source, lines }: { readonly source: SourceFile; readonly lines: LineMap }) {
    this.#document = document;
    this.#source = source;
    this.#lines = lines;
  }

  /** Returns the tree of a node. `open` are the aliases on the way. */
  read(node: Node | null, open: readonly string[]): Tree {
    const place = this.#place(node);
    if (++this.#nodes > LIMIT) throw tooManyNodes(LIMIT, place);
    if (isAlias(node)) return this.#alias(node, open);
    const marked = { ...place, ...directiveOf(node) };
    if (isMap(node)) return { ...marked, kind: "mapping", entries: this.#entries(node.items, open) };
    if (isSeq(node)) return { ...marked, kind: "sequence", items: node.items.map((item) => this.read(item as Node | null, open)) };
    if (!isScalar(node)) return { ...marked, kind: "scalar", value: null };
    const value = scalarOf(node);
    const fraction = typeof value === "number" && /[.eE]/.test(node.source ?? "") && !/^[-+]?0x/i.test(node.source ?? "");
    return { ...marked, kind: "scalar", value, ...(fraction ? { fraction } : {}) };
  }

  #alias(node: Alias, open: readonly string[]): Tree {
    const place = this.#place(node);
    if (open.includes(node.source)) throw endlessAlias(node.source, place);
    const target = node.resolve(this.#document);
    if (!target) throw badYaml(`there is no anchor "${node.source}"`, place);
    return this.read(target, [...open, node.source]);
  }

  #entries(pairs: readonly Pair[], open: readonly string[]): ReadonlyMap<string, Tree> {
    const own = new Map<string, Tree>();
    const merged: Tree[] = [];
    for (const { key, value } of pairs) {
      const name = this.#key(key as Node);
      const tree = { ...this.read(value as Node | null, open), key: this.#place(key as Node) };
      if (name === MERGE_KEY) merged.push(...(tree.kind === "sequence" ? tree.items : [tree]));
      else own.set(name, tree);
    }
    if (merged.length === 0) return own;
    const all = new Map<string, Tree>();
    for (const tree of merged.reverse()) {
      if (tree.kind !== "mapping") throw badYaml("<< takes a mapping, or a list of them", tree);
      for (const [name, value] of tree.entries) all.set(name, value);
    }
    return new Map([...all, ...own]);
  }

  #key(node: Node | null): string {
    if (isScalar(node)) return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    throw badYaml("a name has to be a text", this.#place(node));
  }

  #place(node: Node | null): Place {
    const [start, end] = node?.range ?? [0, 0];
    return { source: this.#source, range: this.#lines.range(start, end) };
  }
}

function directiveOf(node: Node | null): { readonly directive?: "reset" | "override" } {
  const tag = node?.tag;
  return tag === "!reset" ? { directive: "reset" } : tag === "!override" ? { directive: "override" } : {};
}

/**
 * Returns the value of a scalar. Note that a number that begins with 0 is octal and that digits may
 * have underscores, because Go's YAML reads them so.
 */
function scalarOf({ value, source, type }: YamlScalar): string | number | boolean | null {
  if (type === "PLAIN" && source !== undefined) {
    const [, sign, octal] = /^([-+]?)0_?([0-7][0-7_]*)$/.exec(source) ?? [];
    if (octal !== undefined) return (sign === "-" ? -1 : 1) * Number.parseInt(octal.replaceAll("_", ""), 8);
    if (/^[-+]?[1-9][0-9_]*_[0-9_]*$/.test(source)) return Number(source.replaceAll("_", ""));
  }
  return typeof value === "bigint"
    ? Number(value)
    : typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? value
      : null;
}
