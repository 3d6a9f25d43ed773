import { TsbuildError } from "../../core/errors.js";
import { ENTITLEMENTS } from "../../llb/entitlements.js";
import type { BuildOptions, Output } from "./options.js";

/** What a value must be, in words for the message, and whether it is. */
interface Shape {
  readonly words: string;
  readonly holds: (value: unknown) => boolean;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const hasMethod = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === "function";

const TEXT: Shape = { words: "a string", holds: isText };
const FLAG: Shape = { words: "true or false", holds: (value) => typeof value === "boolean" };
const NUMBER: Shape = { words: "a number", holds: (value) => typeof value === "number" };
const TEXTS: Shape = { words: "an array of strings", holds: (value) => Array.isArray(value) && value.every(isText) };
const LIST: Shape = { words: "an array of objects", holds: (value) => Array.isArray(value) && value.every(isObject) };
const TEXT_MAP: Shape = {
  words: "an object of strings",
  holds: (value) => isObject(value) && Object.values(value).every((item) => item === undefined || isText(item)),
};
const MAP: Shape = { words: "an object of objects", holds: (value) => isObject(value) && Object.values(value).every(isObject) };

/** Types that TypeScript checks, for callers who write JavaScript. What has a grammar of its own (platforms, budgets) is checked where it is read. */
const SHAPES: Partial<Readonly<Record<keyof BuildOptions, Shape>>> = {
  root: TEXT,
  signal: { words: "an AbortSignal", holds: (value) => hasMethod(value, "addEventListener") },
  onEvent: { words: "a function", holds: (value) => typeof value === "function" },
  onTrace: { words: "a function", holds: (value) => typeof value === "function" },
  context: {
    words: "a string, a stream or bytes",
    holds: (value) => isText(value) || value instanceof Uint8Array || hasMethod(value, "pipe"),
  },
  dockerfile: { words: "a path or { text }", holds: (value) => isText(value) || (isObject(value) && isText(value["text"])) },
  target: TEXT,
  buildArgs: TEXT_MAP,
  buildContexts: TEXT_MAP,
  labels: TEXT_MAP,
  annotations: TEXT_MAP,
  tags: TEXTS,
  platforms: TEXTS,
  outputs: LIST,
  noCacheFilter: TEXTS,
  cacheFrom: LIST,
  cacheTo: LIST,
  pull: { words: "true, false or never", holds: (value) => typeof value === "boolean" || value === "never" },
  network: { words: "default, none or host", holds: (value) => value === "default" || value === "none" || value === "host" },
  allow: {
    words: `an array of ${ENTITLEMENTS.join(", ")}`,
    holds: (value) => Array.isArray(value) && value.every((item) => (ENTITLEMENTS as readonly unknown[]).includes(item)),
  },
  addHosts: TEXTS,
  shmSize: NUMBER,
  maxUnpackedSize: NUMBER,
  ulimits: TEXTS,
  secrets: MAP,
  explain: FLAG,
  ssh: MAP,
  collect: FLAG,
};

const WRITABLE: Shape = { words: "a path or a Writable", holds: (value) => isText(value) || hasMethod(value, "write") };
/** The `dest` of each type of output; undefined: it has none. */
const DESTINATIONS: Readonly<Record<Output["type"], Shape | undefined>> = {
  oci: WRITABLE,
  docker: WRITABLE,
  tar: WRITABLE,
  local: TEXT,
  image: undefined,
  registry: undefined,
  cacheonly: undefined,
};

/** Throws `options/invalid` for the first value that is not what the types say. */
export function checkOptionShapes(options: BuildOptions): void {
  for (const [name, shape] of Object.entries(SHAPES)) {
    const value: unknown = options[name as keyof BuildOptions];
    if (value !== undefined && !shape.holds(value)) throw invalid(`option "${name}"`, shape, value);
  }
  for (const output of options.outputs ?? []) {
    const { type } = output;
    if (!Object.hasOwn(DESTINATIONS, type)) {
      const words = `one of ${Object.keys(DESTINATIONS).join(", ")}`;
      throw invalid("type of an output", { words }, type);
    }
    let shape = DESTINATIONS[type];
    const { dest, tar } = output as { readonly dest?: unknown; readonly tar?: unknown };
    if (shape === WRITABLE && tar === false) shape = TEXT;
    if (shape !== undefined && !shape.holds(dest)) throw invalid(`dest of an output of type ${type}`, shape, dest);
  }
}

function invalid(what: string, { words }: Pick<Shape, "words">, value: unknown): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use ${described(value)} as the ${what}: it must be ${words}`);
}

function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
