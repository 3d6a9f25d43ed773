import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { CacheKey } from "../../core/cache-key.js";
import { type Canonical, canonicalJson, compareCodeUnits } from "../../core/canonical.js";
import type { KeyComponents } from "../engine/op.js";
import { contentDigests } from "./components.js";
import { redact } from "./redaction.js";

/** A step with its redacted components, as exported with a cache. */
export interface PortableRun {
  readonly key: CacheKey;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly components: KeyComponents;
}

export interface PortableExplanations {
  readonly runs: readonly PortableRun[];
  /** Lists of files behind content digests. */
  readonly selections: ReadonlyMap<string, string>;
}

/** Characters that may be added to a cache's config, of which BuildKit reads no more than 1 MiB. */
const MAX_TEXT = 256 << 10;
/** Characters of a list of files that is exported: some 5,000 files. */
const LARGEST_SELECTION = 512 << 10;
/** Bytes to which imported explanations may unpack. */
const MAX_UNPACKED = 64 << 20;

/**
 * Packs the data for explanations on other machines as text for a cache's config. Returns undefined
 * when it is too large. Exports lists of files for copies only, whose files are in the layers
 * anyway, and drops these lists first. The same results give the same text.
 */
export function packExplanations(runs: readonly PortableRun[], selection: (digest: string) => string | undefined): string | undefined {
  const steps = [...runs]
    .sort((a, b) => compareCodeUnits(a.key, b.key))
    .map(({ key, name, createdAt, components }) => {
      const { identity, inputs } = redact(components);
      return { key, name, createdAt, identity, inputs: inputs.map((input) => ({ name: input.name, key: input.key })) };
    });
  const selections: Record<string, string> = {};
  for (const { identity, inputs } of steps) {
    if (!identity.includes('"kind":"file"')) continue;
    for (const digest of inputs.flatMap((input) => contentDigests(input.key) ?? [])) {
      const text = selection(digest);
      if (text !== undefined && text.length <= LARGEST_SELECTION) selections[digest] = text;
    }
  }
  return [{ steps, selections }, { steps }].map(pack).find((text) => text.length <= MAX_TEXT);
}

function pack(value: object): string {
  return deflateRawSync(canonicalJson(value as Canonical)).toString("base64");
}

/**
 * Reads the text of {@link packExplanations}, which another machine may have written long ago.
 * Unreadable parts explain nothing.
 */
export function unpackExplanations(text: string): PortableExplanations {
  const { steps, selections } = parse(text) ?? {};
  return {
    runs: (Array.isArray(steps) ? (steps as readonly unknown[]) : []).flatMap((step) => runOf(step) ?? []),
    selections: new Map(
      Object.entries(isObject(selections) ? selections : {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
  };
}

function parse(text: string): { readonly steps?: unknown; readonly selections?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: MAX_UNPACKED }).toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function runOf(step: unknown): PortableRun | undefined {
  if (!isObject(step)) return undefined;
  const { key, name, createdAt, identity, inputs } = step;
  if (typeof key !== "string" || typeof name !== "string" || !isTime(createdAt) || typeof identity !== "string") return undefined;
  if (!Array.isArray(inputs) || !inputs.every(isInput)) return undefined;
  return { key: key as CacheKey, name, createdAt, components: redact({ identity, inputs }) };
}

function isInput(value: unknown): value is KeyComponents["inputs"][number] {
  return isObject(value) && typeof value["name"] === "string" && typeof value["key"] === "string";
}

/** Returns true for a number that a date can be made of. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
