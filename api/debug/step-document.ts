import * as v from "valibot";
import { isIP } from "node:net";
import { isAbsolute, posix } from "node:path";
import { HOST_GATEWAY } from "../../llb/ops.js";
import type { ContainerConfig } from "../../oci/types.js";
import type { FailedStep } from "../../solver/ops/failed-step.js";
import { badState } from "./errors.js";

// An exported state is an image, whose config has the command and its surroundings. This document
// has the rest, as an annotation of its manifest.

/** Annotation of the manifest that has the document. */
export const STEP_ANNOTATION = "tsbuild.step";
const VERSION = 1;
/** Bytes of a document. */
const LONGEST = 1 << 20;

const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest), v.excludes("\0"));
const path = v.pipe(
  text(4096),
  v.check((value) => isAbsolute(value) && posix.normalize(value) === value && value !== "/"),
);
const id = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2));
const limit = v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(Number.MAX_SAFE_INTEGER));
const list = <S extends v.GenericSchema>(item: S) => v.pipe(v.array(item), v.maxLength(1000));
/** Words of a line of the hosts file. */
const host = v.pipe(text(253), v.regex(/^[^\s#\p{Cc}]+$/u));

const DOCUMENT = v.object({
  version: v.literal(VERSION),
  name: text(8192),
  /** True for a step that did not fail. */
  ended: v.boolean(),
  network: v.picklist(["default", "none", "host"]),
  hostname: v.optional(host),
  extraHosts: v.optional(
    list(
      v.object({
        host,
        ip: v.pipe(
          v.string(),
          v.check((value) => value === HOST_GATEWAY || isIP(value) !== 0),
        ),
      }),
    ),
  ),
  ulimits: v.optional(list(v.object({ name: v.pipe(v.string(), v.regex(/^[a-z]{1,16}$/)), soft: limit, hard: limit }))),
  shmSize: v.optional(v.pipe(limit, v.minValue(0))),
  mounts: list(text(4096)),
  secrets: list(
    v.object({
      type: v.literal("secret"),
      dest: path,
      readonly: v.boolean(),
      id: text(256),
      uid: id,
      gid: id,
      mode: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o7777)),
      optional: v.boolean(),
    }),
  ),
  secretEnv: list(v.object({ id: text(256), name: v.pipe(text(256), v.regex(/^[^=]+$/)), optional: v.boolean() })),
});

export type StepDocument = v.InferOutput<typeof DOCUMENT>;

/** Returns the document of a step, to be read by {@link readStepDocument}. */
export function stepDocument(step: Omit<StepDocument, "version">): string {
  return JSON.stringify({ version: VERSION, ...step } satisfies StepDocument);
}

/**
 * Reads a document that somebody else may have written. Throws `debug/bad-state` for one that is
 * none, or that asks for something a step cannot have.
 */
export function readStepDocument(json: string): StepDocument {
  if (json.length > LONGEST) throw badState("its description is longer than 1 MiB");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw badState("its description is no JSON");
  }
  const read = v.safeParse(DOCUMENT, value, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw badState(`its description is wrong at ${v.getDotPath(issue) ?? "the top"}`);
}

/**
 * Returns the command of an imported step. Note that it never has the host's network, because only
 * the command line of this machine may grant it.
 */
export function importedCommand(document: StepDocument, config: ContainerConfig): FailedStep["op"] {
  const { hostname, extraHosts, ulimits, shmSize, network } = document;
  return {
    args: config.Cmd ?? [],
    env: config.Env ?? [],
    cwd: posix.join("/", config.WorkingDir ?? ""),
    user: config.User ?? "",
    network: network === "none" ? "none" : "default",
    security: "sandbox",
    ...(hostname === undefined ? {} : { hostname }),
    ...(extraHosts && { extraHosts }),
    ...(ulimits && { ulimits }),
    ...(shmSize === undefined ? {} : { shmSize }),
  };
}
