import { Writable } from "node:stream";
import type { ImageForm, Output, PushForm } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { suggest } from "../../core/text/suggest.js";
import { csvPairs } from "./csv.js";
import { type CliEnvironment, hostPath } from "../environment.js";
import { notSupported, UsageError } from "../exit-codes.js";

const TYPES = ["oci", "docker", "local", "tar", "registry", "image", "cacheonly"] as const;

/** Attributes of every image, besides `annotation….KEY`. */
const IMAGE = ["name", "compression", "compression-level", "force-compression", "oci-mediatypes", "rewrite-timestamp"] as const;
/** Attributes of images that go to the store or a registry. */
const PUSH = ["push-by-digest", "name-canonical", "dangling-name-prefix", "registry.insecure", "store", "unpack"] as const;

/** Attributes that each type takes. */
const ATTRIBUTES: Readonly<Record<(typeof TYPES)[number], readonly string[]>> = {
  oci: ["dest", "tar", ...IMAGE],
  docker: ["dest", "tar", ...IMAGE],
  local: ["dest", "platform-split"],
  tar: ["dest", "platform-split"],
  registry: [...IMAGE, ...PUSH],
  image: ["push", ...IMAGE, ...PUSH],
  cacheonly: [],
};

/**
 * Attributes for which tsbuild has one fixed behaviour: the value that asks for it, and the types
 * that have it.
 */
const IMPLIED: Readonly<Record<string, { readonly value: string; readonly types: readonly (typeof TYPES)[number][] }>> = {
  push: { value: "true", types: ["registry"] },
  mode: { value: "copy", types: ["local"] },
  "prefer-nondist-layers": { value: "false", types: ["oci", "docker", "image", "registry"] },
  "attestation-inline": { value: "false", types: ["oci", "docker", "image", "registry"] },
  "oci-artifact": { value: "false", types: ["oci", "image", "registry"] },
};

/**
 * Reads the values of `-o`, `--push` and `--load` as outputs. An empty list means the default (the
 * image store).
 */
export function parseOutputs(
  values: readonly string[],
  shorthands: { readonly push: boolean; readonly load: boolean },
  environment: CliEnvironment,
): Output[] {
  const outputs = values.map((value) => parseOutput(value, environment));
  if (outputs.filter((output) => "dest" in output && typeof output.dest !== "string").length > 1) {
    throw new UsageError("cli/outputs", "Cannot write two outputs to the standard output: give all but one a dest");
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

function parseOutput(text: string, environment: CliEnvironment): Output {
  const pairs = csvPairs(text, `--output "${text}"`);
  const bare = pairs.length === 1 && pairs[0]?.value === undefined;
  if (bare && text === "")
    throw new UsageError("cli/outputs", `Cannot read an empty --output`, { hint: "for example: -o type=oci,dest=image.tar" });
  if (bare) return text === "-" ? { type: "tar", dest: toStdout(text, environment) } : { type: "local", dest: hostPath(environment, text) };
  const attributes = new Map<string, string>();
  for (const { key, value, field } of pairs) {
    if (value === undefined) throw new UsageError("cli/outputs", `Cannot read "${field}" in --output "${text}": expected key=value`);
    attributes.set(key, value);
  }
  const type = attributes.get("type");
  if (type === undefined)
    throw new UsageError("cli/outputs", `Cannot read --output "${text}": it has no type`, { hint: `type is one of ${TYPES.join(", ")}` });
  const known = TYPES.find((candidate) => candidate === type);
  if (!known) {
    const near = suggest(type, TYPES);
    throw new UsageError(
      "cli/outputs",
      `Cannot use output type "${type}": it is none of ${TYPES.join(", ")}`,
      near ? { hint: `did you mean type=${near}?` } : {},
    );
  }
  attributes.delete("type");
  const annotations: Record<string, string> = {};
  for (const [key, value] of attributes) {
    const implied = IMPLIED[key];
    const annotation = isImageType(known) && /^annotation(?:-([a-z-]+))?(\[[^\]]*\])?\.(.+)$/.exec(key);
    if (annotation) {
      const [, level = "manifest", platform = "", name] = annotation;
      annotations[`${level}${platform}:${name}`] = value;
    } else if (implied?.types.includes(known)) {
      if (implied.value !== value) throw notSupported(`${key}=${value} in --output`);
    } else if (!ATTRIBUTES[known].includes(key)) {
      const near = suggest(key, ATTRIBUTES[known]);
      const takes = ATTRIBUTES[known].length === 0 ? "it takes none" : `it takes ${ATTRIBUTES[known].join(", ")}`;
      throw new UsageError(
        "cli/outputs",
        `Cannot use "${key}" with output type "${type}": ${takes}`,
        near ? { hint: `did you mean ${near}?` } : {},
      );
    }
  }
  return toOutput(known, { text, attributes, annotations }, environment);
}

function isImageType(type: (typeof TYPES)[number]): boolean {
  return type === "oci" || type === "docker" || type === "image" || type === "registry";
}

/** One value of `-o`, split into its fields. */
interface Given {
  readonly text: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly annotations: Readonly<Record<string, string>>;
}

function toOutput(type: (typeof TYPES)[number], given: Given, environment: CliEnvironment): Output {
  const { text, attributes } = given;
  const dest = attributes.get("dest") || undefined;
  const stream = dest === undefined || dest === "-";
  switch (type) {
    case "oci":
    case "docker": {
      // docker loads such a result into its engine. The image store takes that part here.
      if (type === "docker" && dest === undefined) return { type: "image", ...imageForm(given) };
      const tar = boolean(given, "tar") ?? true;
      if (!tar && stream) throw new UsageError("cli/outputs", `Cannot write --output "${text}": tar=false needs dest=DIRECTORY`);
      return {
        type,
        dest: stream ? toStdout(text, environment) : hostPath(environment, dest),
        ...(tar ? {} : { tar }),
        ...imageForm(given),
      };
    }
    case "tar":
      return {
        type,
        dest: stream ? toStdout(text, environment) : hostPath(environment, dest),
        ...flag(given, "platform-split", "platformSplit"),
      };
    case "local":
      if (stream) throw new UsageError("cli/outputs", `Cannot write --output "${text}": type=local needs dest=DIRECTORY`);
      return { type, dest: hostPath(environment, dest), ...flag(given, "platform-split", "platformSplit") };
    case "image":
      return { type, ...imageForm(given), ...flag(given, "push", "push"), ...pushForm(given) };
    case "registry":
      return { type, ...imageForm(given), ...pushForm(given) };
    case "cacheonly":
      return { type };
  }
}

function imageForm(given: Given): ImageForm {
  const { attributes, annotations } = given;
  const names = attributes.get("name")?.split(",").filter(Boolean);
  const compression = attributes.get("compression");
  if (compression !== undefined && compression !== "gzip" && compression !== "zstd" && compression !== "uncompressed") {
    throw new UsageError("cli/outputs", `Cannot use compression "${compression}" in --output: it is none of gzip, zstd, uncompressed`);
  }
  const level = attributes.get("compression-level");
  if (level !== undefined && !/^\d+$/.test(level))
    throw new UsageError("cli/outputs", `Cannot read compression-level "${level}": expected a number`);
  return {
    ...(names === undefined ? {} : { names }),
    ...(compression === undefined ? {} : { compression }),
    ...(level === undefined ? {} : { compressionLevel: Number(level) }),
    ...flag(given, "force-compression", "forceCompression"),
    ...flag(given, "oci-mediatypes", "ociMediaTypes"),
    ...flag(given, "rewrite-timestamp", "rewriteTimestamp"),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
}

function pushForm(given: Given): PushForm {
  const prefix = given.attributes.get("dangling-name-prefix");
  // Every image of the store is found by NAME@DIGEST, so the attribute changes nothing.
  boolean(given, "name-canonical");
  return {
    ...flag(given, "push-by-digest", "pushByDigest"),
    ...flag(given, "registry.insecure", "insecure"),
    ...flag(given, "store", "store"),
    ...flag(given, "unpack", "unpack"),
    ...(prefix ? { danglingNamePrefix: prefix } : {}),
  };
}

function flag<M extends string>(given: Given, key: string, member: M): { readonly [name in M]?: boolean } {
  const value = boolean(given, key);
  return value === undefined ? {} : ({ [member]: value } as { readonly [name in M]?: boolean });
}

/** Reads a boolean as BuildKit does: an empty value is true. */
function boolean({ attributes, text }: Given, key: string): boolean | undefined {
  const value = attributes.get(key);
  if (value === undefined) return undefined;
  const parsed = value === "" || parseBoolean(value);
  if (parsed !== undefined) return parsed;
  throw new UsageError("cli/outputs", `Cannot read ${key}=${value} in --output "${text}": expected true or false`);
}

/**
 * Returns a stream that passes its bytes to the standard output and does not close it at its end.
 */
function toStdout(text: string, environment: CliEnvironment): Writable {
  const { stdout } = environment;
  if (stdout.isTTY) {
    throw new UsageError("cli/outputs", `Cannot write --output "${text}" to a terminal`, {
      hint: "add dest=FILE, or redirect the standard output",
    });
  }
  return new Writable({ highWaterMark: 1 << 20, write: (chunk, _encoding, done) => void stdout.write(chunk, done) });
}
