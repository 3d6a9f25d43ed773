import type { Readable } from "node:stream";
import { boolean, type CustomSchema, custom, type GenericSchema, type InferOutput, picklist, string } from "valibot";
import type { HistoryLimits } from "../../cache/contract/builds.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import type { EventSink } from "../../core/events.js";
import { isRight, type Right, RIGHT_FORMS } from "../../llb/entitlements.js";
import type { TraceRecord } from "../../solver/engine/trace.js";
import type { Output, ProvenanceOptions, SbomOptions } from "./output-types.js";
import type { ServiceOptions } from "./services/types.js";
import type { DockerfileText, SecretSource, SshSource } from "./source-types.js";

/** A type of value, and the words for it in the message about another value. */
export interface Shape<S extends GenericSchema = GenericSchema> {
  readonly words: string;
  readonly schema: S;
}

function shape<S extends GenericSchema>(words: string, schema: S): Shape<S> {
  return { words, schema };
}

/** Returns a shape that a function recognizes. */
export function recognized<T>(words: string, holds: (value: unknown) => boolean): Shape<CustomSchema<T, undefined>> {
  return shape(words, custom<T>(holds));
}

/** Returns the shape of a value with a grammar of its own, which is checked where it is read. */
function readLater<T>(): Shape<CustomSchema<T, undefined>> {
  return recognized("", () => true);
}

const isText = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
/** Returns true for an object that has a method of this name. */
export const hasMethod = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === "function";
const isTextMap = (value: unknown): boolean => isObject(value) && Object.values(value).every((item) => item === undefined || isText(item));
const isMap = (value: unknown): boolean => isObject(value) && Object.values(value).every(isObject);
const isFlagOrObject = (value: unknown): boolean => typeof value === "boolean" || isObject(value);
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isObject);

/**
 * Shapes of the options of a build, for callers who write JavaScript. TypeScript's types of the
 * options are made of them as well.
 */
export const SHAPES = {
  text: shape("a string", string()),
  flag: shape("true or false", boolean()),
  number: recognized<number>("a number", (value) => typeof value === "number"),
  limit: recognized<number | string>("a number or a string", (value) => typeof value === "number" || isText(value)),
  limits: shape('"auto" or "strict"', picklist(["auto", "strict"])),
  texts: recognized<readonly string[]>("an array of strings", (value) => Array.isArray(value) && value.every(isText)),
  textMap: recognized<Readonly<Record<string, string>>>("an object of strings", isTextMap),
  givenOrInherited: recognized<Readonly<Record<string, string | undefined>>>("an object of strings", isTextMap),
  jobs: readLater<number | "auto">(),
  signal: recognized<AbortSignal>("an AbortSignal", (value) => hasMethod(value, "addEventListener")),
  eventSink: recognized<EventSink>("a function", (value) => typeof value === "function"),
  traceSink: recognized<(record: TraceRecord) => void>("a function", (value) => typeof value === "function"),
  context: recognized<string | Readable | Uint8Array>(
    "a string, a stream or bytes",
    (value) => isText(value) || value instanceof Uint8Array || hasMethod(value, "pipe"),
  ),
  bytes: recognized<Uint8Array>("bytes", (value) => value instanceof Uint8Array),
  dockerfile: recognized<string | DockerfileText>(
    "a path or { text }",
    (value) => isText(value) || (isObject(value) && isText(value["text"])),
  ),
  outputs: recognized<readonly Output[]>("an array of objects", isList),
  cacheFrom: recognized<readonly CacheFrom[]>("an array of objects", isList),
  cacheTo: recognized<readonly CacheTo[]>("an array of objects", isList),
  provenance: recognized<boolean | ProvenanceOptions>("true, false or an object", isFlagOrObject),
  sbom: recognized<boolean | SbomOptions>("true, false or an object", isFlagOrObject),
  noCache: readLater<boolean | "layers" | "mounts" | "all">(),
  pull: recognized<boolean | "never">("true, false or never", (value) => typeof value === "boolean" || value === "never"),
  isolation: shape("auto, namespaces, chroot or supervised", picklist(["auto", "namespaces", "chroot", "supervised"])),
  network: shape("default, private, none or host", picklist(["default", "private", "none", "host"])),
  allow: recognized<readonly Right[]>(`an array of ${RIGHT_FORMS.join(", ")}`, (value) => Array.isArray(value) && value.every(isRight)),
  secrets: recognized<Readonly<Record<string, SecretSource>>>("an object of objects", isMap),
  ssh: recognized<Readonly<Record<string, SshSource>>>("an object of objects", isMap),
  services: recognized<Readonly<Record<string, ServiceOptions>>>("an object of objects", isMap),
  history: readLater<false | Partial<HistoryLimits>>(),
  budget: readLater<number | string>(),
} satisfies Readonly<Record<string, Shape>>;

/** Types of the values by their shapes. */
export type ShapeTypes = { readonly [S in keyof typeof SHAPES]: InferOutput<(typeof SHAPES)[S]["schema"]> };
