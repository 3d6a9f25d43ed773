import { unreachable } from "../../core/errors.js";
import type { FileAction, Op, Owner } from "../../llb/ops.js";
import { publicSource } from "../../llb/sources/source.js";
import { type Rootfs, topological, type Vertex } from "../../llb/vertex.js";
import { NONE } from "../../llb/wire/write/inputs.js";
import { execMounts, mountMessage } from "../../llb/wire/write/mount-message.js";
import { parsePlatform } from "../../oci/platform.js";
import { execMessage } from "../../solver/buildkit-keys/exec-message.js";
import { omitEmpty } from "../../solver/buildkit-keys/go-json.js";

/** A step of a graph in the JSON form of BuildKit's messages. */
export interface LlbStep {
  readonly id: string;
  readonly op: Readonly<Record<string, unknown>>;
  readonly inputs?: readonly string[];
}

/** A graph as provenance describes it. */
export interface LlbSteps {
  readonly vertices: readonly Vertex[];
  readonly llbDefinition: readonly LlbStep[];
  readonly digestMapping: Readonly<Record<string, string>>;
  /** Name of the result: `step4:0`. */
  readonly result: string | undefined;
}

/** Describes the graph of a result: each vertex is a step, and the last one names the result. */
export function llbSteps(root: Rootfs): LlbSteps {
  const vertices = topological([root]);
  const ids = new Map(vertices.map(({ digest }, index) => [digest, `step${index}`]));
  const nameOf = (input: NonNullable<Rootfs>): string => `${ids.get(input.vertex.digest)}:${input.output}`;
  const steps = vertices.map(
    ({ op, inputs, platform, digest }): LlbStep => ({
      id: ids.get(digest) as string,
      op: { Op: opOf(op, inputs.length), ...(platform === undefined ? {} : { platform: platformOf(platform) }), constraints: {} },
      ...(inputs.length > 0 && { inputs: inputs.map(nameOf) }),
    }),
  );
  const result = root && nameOf(root);
  return {
    vertices,
    llbDefinition: [...steps, { id: `step${steps.length}`, op: { Op: {} }, ...(result === undefined ? {} : { inputs: [result] }) }],
    digestMapping: Object.fromEntries(ids),
    result,
  };
}

function platformOf(text: string): Readonly<Record<string, string>> {
  const { os, architecture, variant } = parsePlatform(text);
  return { Architecture: architecture, OS: os, ...(variant === undefined ? {} : { Variant: variant }) };
}

function opOf(op: Op, inputs: number): Readonly<Record<string, unknown>> {
  switch (op.kind) {
    case "source": {
      const { identifier, attrs } = publicSource(op);
      return { source: { identifier, ...(Object.keys(attrs).length > 0 && { attrs }) } };
    }
    case "exec":
      return {
        exec: execMessage(
          op,
          execMounts(op).map((mount) => mountMessage(mount, "input" in mount ? mount.input : NONE)),
        ),
      };
    case "file":
      return { file: { actions: op.actions.map((action, index) => actionOf(action, index === op.actions.length - 1)) } };
    case "merge":
      return { merge: { inputs: Array.from({ length: inputs }, (_, input) => omitEmpty({ input })) } };
    case "diff":
      return { diff: { lower: {}, upper: { input: 1 } } };
    default:
      return unreachable(op);
  }
}

function actionOf(action: FileAction, last: boolean): Readonly<Record<string, unknown>> {
  const secondaryInput = action.action === "copy" ? action.secondaryInput : -1;
  return { input: action.input, secondaryInput, output: last ? 0 : -1, Action: { [action.action]: detailsOf(action) } };
}

function detailsOf(action: FileAction): Readonly<Record<string, unknown>> {
  switch (action.action) {
    case "copy": {
      const { src, dest, owner, mode, includePatterns, excludePatterns } = action;
      return {
        src,
        dest,
        ...ownerOf(owner),
        ...(typeof mode === "string" ? { mode: -1, modeStr: mode } : { mode: mode ?? -1 }),
        ...(action.followSymlinks && { followSymlink: true }),
        ...(action.dirCopyContents && { dirCopyContents: true }),
        ...(action.attemptUnpack && { attemptUnpackDockerCompatibility: true }),
        ...(action.createDestPath && { createDestPath: true }),
        ...(action.allowWildcard && { allowWildcard: true }),
        ...(action.allowEmptyWildcard && { allowEmptyWildcard: true }),
        timestamp: -1,
        ...(includePatterns && { include_patterns: includePatterns }),
        ...(excludePatterns && { exclude_patterns: excludePatterns }),
      };
    }
    case "mkfile":
      return { path: action.path, mode: action.mode, data: action.data, ...ownerOf(action.owner), timestamp: -1 };
    case "mkdir":
      return {
        path: action.path,
        mode: action.mode,
        ...(action.makeParents && { makeParents: true }),
        ...ownerOf(action.owner),
        timestamp: -1,
      };
    case "rm": {
      const { path, allowNotFound, allowWildcard } = action;
      return { path, ...(allowNotFound && { allowNotFound }), ...(allowWildcard && { allowWildcard }) };
    }
    case "symlink":
      return { oldpath: action.oldPath, newpath: action.newPath, ...ownerOf(action.owner), timestamp: -1 };
  }
}

function ownerOf(owner: Owner | undefined): Readonly<Record<string, unknown>> {
  if (owner === undefined) return {};
  const one = (value: string | number) => ({ User: typeof value === "number" ? { byId: value } : { byName: { name: value } } });
  const { user, group } = owner;
  return { owner: { ...(user === undefined ? {} : { user: one(user) }), ...(group === undefined ? {} : { group: one(group) }) } };
}
