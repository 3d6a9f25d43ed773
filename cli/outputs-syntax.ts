import { Writable } from "node:stream";
import type { Output } from "../api/options.js";
import { suggest } from "../core/suggest.js";
import { csvPairs } from "./csv.js";
import { type CliEnvironment, hostPath } from "./environment.js";
import { notSupported, UsageError } from "./exit-codes.js";

const TYPES = ["oci", "docker", "local", "tar", "registry", "image", "cacheonly"] as const;

/** Attributes each type understands, besides `annotation….KEY`. */
const ATTRIBUTES: Readonly<Record<(typeof TYPES)[number], readonly string[]>> = {
  oci: ["dest", "tar", "name", "compression", "compression-level", "force-compression"],
  docker: ["dest", "tar", "name", "compression", "compression-level", "force-compression"],
  local: ["dest"],
  tar: ["dest"],
  registry: ["name"],
  image: ["name", "push"],
  cacheonly: [],
};

/** What BuildKit also takes where only one value is what tsbuild does anyway. */
const IMPLIED: Readonly<Record<string, string>> = {
  "oci-mediatypes": "true",
  unpack: "false",
  store: "true",
  "prefer-nondist-layers": "false",
  "attestation-inline": "false",
  "platform-split": "true",
};

/** The values of `-o`, `--push` and `--load` as outputs; an empty list means the default (the image store). */
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

/** Whether an output's bytes go to the standard output, which then carries nothing else. */
export function usesStdout(outputs: readonly Output[]): boolean {
  return outputs.some((output) => "dest" in output && typeof output.dest !== "string");
}

function parseOutput(text: string, environment: CliEnvironment): Output {
  const pairs = csvPairs(text);
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
    const annotation = /^annotation(?:-([a-z-]+))?(?:\[([^\]]*)\])?\.(.+)$/.exec(key);
    if (annotation && (known === "oci" || known === "docker")) {
      const [, where, platform, name] = annotation;
      annotations[`${where ? `${where}${platform ? `[${platform}]` : ""}:` : ""}${name}`] = value;
    } else if (IMPLIED[key] === value) attributes.delete(key);
    else if (key in IMPLIED) throw notSupported(`${key}=${value} in --output`);
    else if (!ATTRIBUTES[known].includes(key)) {
      const near = suggest(key, ATTRIBUTES[known]);
      const takes = ATTRIBUTES[known].length === 0 ? "it takes none" : `it takes ${ATTRIBUTES[known].join(", ")}`;
      throw new UsageError(
        "cli/outputs",
        `Cannot use "${key}" with output type "${type}": ${takes}`,
        near ? { hint: `did you mean ${near}?` } : {},
      );
    }
  }
  return toOutput(known, attributes, annotations, text, environment);
}

function toOutput(
  type: (typeof TYPES)[number],
  attributes: ReadonlyMap<string, string>,
  annotations: Readonly<Record<string, string>>,
  text: string,
  environment: CliEnvironment,
): Output {
  const names = attributes.get("name")?.split(",").filter(Boolean);
  const named = names === undefined ? {} : { names };
  const dest = attributes.get("dest");
  switch (type) {
    case "oci":
    case "docker": {
      // docker loads such a result into its engine; here the image store is what that stands for.
      if (type === "docker" && dest === undefined) return { type: "image", ...named };
      const tar = boolean(attributes.get("tar"), "tar", text) ?? true;
      if (!tar && (dest === undefined || dest === "-"))
        throw new UsageError("cli/outputs", `Cannot write --output "${text}": tar=false needs dest=DIRECTORY`);
      const compression = attributes.get("compression");
      if (compression !== undefined && compression !== "gzip" && compression !== "zstd" && compression !== "uncompressed") {
        throw new UsageError("cli/outputs", `Cannot use compression "${compression}" in --output: it is none of gzip, zstd, uncompressed`);
      }
      const level = attributes.get("compression-level");
      if (level !== undefined && !/^\d+$/.test(level))
        throw new UsageError("cli/outputs", `Cannot read compression-level "${level}": expected a number`);
      const force = boolean(attributes.get("force-compression"), "force-compression", text);
      return {
        type,
        dest: dest === undefined || dest === "-" ? toStdout(text, environment) : hostPath(environment, dest),
        ...named,
        ...(tar ? {} : { tar }),
        ...(compression === undefined ? {} : { compression }),
        ...(level === undefined ? {} : { compressionLevel: Number(level) }),
        ...(force === undefined ? {} : { forceCompression: force }),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      };
    }
    case "tar":
      return { type, dest: dest === undefined || dest === "-" ? toStdout(text, environment) : hostPath(environment, dest) };
    case "local":
      if (!dest || dest === "-") throw new UsageError("cli/outputs", `Cannot write --output "${text}": type=local needs dest=DIRECTORY`);
      return { type, dest: hostPath(environment, dest) };
    case "image": {
      const push = boolean(attributes.get("push"), "push", text);
      return { type, ...named, ...(push === undefined ? {} : { push }) };
    }
    case "registry":
      return { type, ...named };
    case "cacheonly":
      return { type };
  }
}

function boolean(value: string | undefined, key: string, text: string): boolean | undefined {
  if (value === undefined) return undefined;
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw new UsageError("cli/outputs", `Cannot read ${key}=${value} in --output "${text}": expected true or false`);
}

/** A stream that hands its bytes to the standard output and leaves that open when it ends itself. */
function toStdout(text: string, environment: CliEnvironment): Writable {
  const { stdout } = environment;
  if (stdout.isTTY) {
    throw new UsageError("cli/outputs", `Cannot write --output "${text}" to a terminal`, {
      hint: "add dest=FILE, or redirect the standard output",
    });
  }
  return new Writable({ highWaterMark: 1 << 20, write: (chunk, _encoding, done) => void stdout.write(chunk, done) });
}
