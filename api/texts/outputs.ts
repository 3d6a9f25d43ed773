import {
  attributeMissing,
  emptyOutput,
  badOutputNumber,
  outputWithoutKey,
  badOutputFlag,
  outputWithoutType,
  badOutputChoice,
  noSuchAttribute,
  noSuchOutput,
  noLayoutDirectory,
  outputToTerminal,
  noStandardOutput,
  noDirectory,
  twoOutputsToStdout,
  notSupported,
} from "./errors.js";
import { Writable } from "node:stream";
import type { Output } from "../options/options.js";
import { OUTPUT_TYPES, type OutputType } from "../options/output-types.js";
import type { Attributes } from "../../core/attributes.js";
import { suggest } from "../../core/text/suggest.js";
import { type AttributeRules, type AttributeTexts, keysOf, readAttributes } from "./attributes.js";
import { csvPairs } from "./csv.js";
import { hostPath, type Surroundings } from "./surroundings.js";

const NAMES = OUTPUT_TYPES.map(({ type }) => type);

/**
 * Reads the values of `-o`, `--push` and `--load` as outputs. An empty list means the default (the
 * image store).
 */
export function parseOutputs(
  values: readonly string[],
  shorthands: { readonly push: boolean; readonly load: boolean },
  surroundings: Surroundings,
): Output[] {
  const outputs = values.map((value) => parseOutput(value, surroundings));
  if (outputs.filter((output) => "dest" in output && typeof output.dest !== "string").length > 1) {
    throw twoOutputsToStdout();
  }
  if (shorthands.push && !outputs.some((output) => output.type === "registry")) {
    const image = outputs.findIndex((output) => output.type === "image");
    if (image >= 0) outputs[image] = { ...(outputs[image] as Extract<Output, { type: "image" }>), push: true };
    else outputs.push({ type: "registry" });
  }
  if (shorthands.load && !outputs.some((output) => output.type === "image")) outputs.push({ type: "image" });
  return outputs;
}

/**
 * Returns true when an output's bytes go to the standard output, which then carries nothing else.
 */
export function usesStdout(outputs: readonly Output[]): boolean {
  return outputs.some((output) => "dest" in output && typeof output.dest !== "string");
}

function parseOutput(text: string, surroundings: Surroundings): Output {
  const pairs = csvPairs(text, `--output "${text}"`);
  const bare = pairs.length === 1 && pairs[0]?.value === undefined;
  if (bare && text === "") throw emptyOutput();
  if (bare)
    return text === "-" ? { type: "tar", dest: toStdout(text, surroundings) } : { type: "local", dest: hostPath(surroundings, text) };
  const attributes = new Map<string, string>();
  for (const { key, value, field } of pairs) {
    if (value === undefined) throw outputWithoutKey(field, text);
    attributes.set(key, value);
  }
  const type = attributes.get("type");
  if (type === undefined) throw outputWithoutType(text, NAMES);
  const known: OutputType | undefined = OUTPUT_TYPES.find((candidate) => candidate.type === type);
  if (!known) {
    const near = suggest(type, NAMES);
    throw noSuchOutput(type, NAMES, near);
  }
  attributes.delete("type");
  const annotations = checkKeys(known, attributes);
  // docker loads such a result into its engine.
  const loaded = known.withoutDest !== undefined && !attributes.get("dest");
  const read = loaded ? withoutFile(known.attributes) : known.attributes;
  const options = readAttributes(read, attributes, rules(text, known, surroundings));
  return {
    type: loaded ? known.withoutDest : type,
    ...options,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  } as unknown as Output;
}

/**
 * Returns the annotations among the attributes of an output. Throws for attributes that its type
 * does not have.
 */
function checkKeys({ type, attributes: table, implied = {} }: OutputType, given: AttributeTexts): Readonly<Record<string, string>> {
  const known = keysOf(table);
  const takesAnnotations = Object.values(table).some(({ form }) => form === "annotations");
  const annotations: Record<string, string> = {};
  for (const [key, value] of given) {
    const annotation = takesAnnotations && /^annotation(?:-([a-z-]+))?(\[[^\]]*\])?\.(.+)$/.exec(key);
    if (annotation) {
      const [, level = "manifest", platform = "", name] = annotation;
      annotations[`${level}${platform}:${name}`] = value;
    } else if (Object.hasOwn(implied, key)) {
      if (implied[key] !== value) throw notSupported(`${key}=${value} in --output`);
    } else if (!known.includes(key)) {
      const near = suggest(key, known);
      const takes = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
      throw noSuchAttribute(key, type, takes, near);
    }
  }
  return annotations;
}

/** Returns the attributes of an image that is not written to a file. */
function withoutFile(table: Attributes): Attributes {
  const flags = Object.values(table).map(({ directoryWithout }) => directoryWithout);
  return Object.fromEntries(Object.entries(table).filter(([name, { form }]) => form !== "file" && !flags.includes(name)));
}

function rules(text: string, { type }: OutputType, surroundings: Surroundings): AttributeRules {
  return {
    path: (path) => hostPath(surroundings, path),
    stream: () => toStdout(text, surroundings),
    emptyValues: true,
    refuse: (key, value, { form, choices = [], directoryWithout }) => {
      if (value === undefined && form !== "file" && form !== "directory") return attributeMissing(text, type, key);
      switch (form) {
        case "file":
          return noLayoutDirectory(text, directoryWithout, key);
        case "directory":
          return noDirectory(text, type, key);
        case "choice":
          return badOutputChoice(key, value, choices);
        case "number":
          return badOutputNumber(key, value);
        default:
          return badOutputFlag(key, value, text);
      }
    },
  };
}

/**
 * Returns a stream that passes its bytes to the standard output and does not close it at its end.
 */
function toStdout(text: string, surroundings: Surroundings): Writable {
  const { stdout } = surroundings;
  if (stdout === undefined) throw noStandardOutput(text);
  if (stdout.isTTY) throw outputToTerminal(text);
  return new Writable({ highWaterMark: 1 << 20, write: (chunk, _encoding, done) => void stdout.write(chunk, done) });
}
