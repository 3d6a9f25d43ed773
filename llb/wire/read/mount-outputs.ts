import { cleanPath } from "../../../core/text/pattern-matcher.js";
import type { CopyAction, FileAction, FileOp } from "../../ops.js";
import { type Edge, type Rootfs, vertex } from "../../vertex.js";
import type { ValueOf } from "../message.js";
import { MOUNT_TYPE } from "../numbers.js";
import type { EXEC } from "../operations.js";
import type { VertexReader } from "./vertex-reader.js";

type ExecMessage = ValueOf<typeof EXEC>;
type MountMessage = NonNullable<ExecMessage["mounts"]>[number];

/** A mount whose content after the command is a result. */
interface Captured {
  readonly output: number;
  /** Absolute, clean path in the root filesystem. */
  readonly dest: string;
  /** Filesystem that is mounted. */
  readonly base: Rootfs;
  /** Path in it that is mounted. */
  readonly selector: string;
}

/** A command whose results are its root filesystem and mounts. */
export interface CapturedMounts {
  /** Command without these mounts. The last input is its root filesystem, with their content. */
  readonly exec: ExecMessage;
  readonly inputs: readonly Edge[];
  /** Returns the result of an output, of what the command made. */
  result(output: number, made: Edge): Edge | undefined;
}

/**
 * Returns a command with mounts that other operations use as results; undefined where none of
 * `wanted` is one. Note that a step has one result here, its root filesystem. Such a mount is a
 * directory of it instead: it is filled before the command, and copied from afterwards.
 */
export function captureMounts(
  exec: ExecMessage,
  inputs: readonly Edge[],
  wanted: ReadonlySet<number>,
  at: VertexReader,
): CapturedMounts | undefined {
  const mounts = exec.mounts ?? [];
  const root = mounts.find((mount) => pathOf(mount) === "/");
  const isBind = (mount: MountMessage): boolean => mount !== root && (mount.mountType ?? 0) === MOUNT_TYPE.bind;
  const isResult = (mount: MountMessage): boolean => isBind(mount) && mount.readonly !== true && wanted.has(mount.output ?? 0);
  const places = mounts.filter(isResult).map(pathOf);
  const holdsResult = (mount: MountMessage): boolean => mount !== root && places.some((place) => place.startsWith(`${pathOf(mount)}/`));
  // A mount around a result would hide it, and is a part of the root filesystem too.
  const isCaptured = (mount: MountMessage): boolean => isResult(mount) || (isBind(mount) && holdsResult(mount));
  const hiding = mounts.find((mount) => holdsResult(mount) && !isBind(mount));
  if (hiding)
    at.fail("exec.mounts.output", `the result of a mount inside of "${pathOf(hiding)}" is used, which is no filesystem of the graph`);
  const captured = mounts.filter(isCaptured).map((mount): Captured => {
    const input = at.index("exec.mounts.input", mount.input ?? 0, inputs.length);
    const selector = cleanPath(`/${at.text("exec.mounts.selector", mount.selector ?? "")}`);
    return { output: mount.output ?? 0, dest: at.text("exec.mounts.dest", pathOf(mount)), base: inputs[input], selector };
  });
  if (!root || captured.length === 0) return undefined;
  // A directory comes before those inside of it.
  captured.sort((a, b) => a.dest.length - b.dest.length);
  const below = inputs[at.index("exec.mounts.input", root.input ?? 0, inputs.length)];
  const filled = files(at, `mount ${captured.map(({ dest }) => dest).join(", ")}`, below, (fill) => {
    for (const { dest, base, selector } of captured) fill.replace(dest, base, selector);
  });
  return {
    exec: {
      ...exec,
      mounts: mounts.filter((mount) => !isCaptured(mount)).map((mount) => (mount === root ? { ...root, input: inputs.length } : mount)),
    },
    inputs: [...inputs, filled],
    result(output, made) {
      if (output === (root.output ?? 0)) return withoutMounts(at, made, { below, captured });
      const mount = captured.find((one) => one.output === output);
      return mount && contentOf(at, made, { mount, captured });
    },
  };
}

const pathOf = ({ dest = "" }: MountMessage): string => cleanPath(`/${dest}`);

/**
 * Returns the content of a mount after the command, without that of mounts inside of it. Note that
 * it is above the filesystem that was mounted, as in BuildKit, because a merge carries on what the
 * command removed.
 */
function contentOf(
  at: VertexReader,
  made: Edge,
  { mount, captured }: { readonly mount: Captured; readonly captured: readonly Captured[] },
): Edge {
  const { dest, base, selector } = mount;
  const inner = captured.filter((other) => other.dest.startsWith(`${dest}/`)).map((other) => `${other.dest.slice(dest.length + 1)}/*`);
  return files(at, `take ${dest}`, base, (fill) => fill.replace(selector, made, dest, inner));
}

/** Returns the root filesystem after the command, with what stood where the mounts were. */
function withoutMounts(
  at: VertexReader,
  made: Edge,
  { below, captured }: { readonly below: Rootfs; readonly captured: readonly Captured[] },
): Edge {
  return files(at, `unmount ${captured.map(({ dest }) => dest).join(", ")}`, made, (fill) => {
    for (const { dest } of captured.toReversed()) {
      fill.replace(dest, undefined, "/");
      if (below) fill.only(below, dest.slice(1));
    }
  });
}

/** Makes an operation on files that changes `base`. */
function files(at: VertexReader, text: string, base: Rootfs, change: (fill: Actions) => void): Edge {
  const actions = new Actions(base);
  change(actions);
  return { vertex: vertex({ ...actions.spec, metadata: { step: { kind: "internal", text: `${text} of ${at.step}` } } }), output: 0 };
}

/** Actions of one operation, each on the result of the one before. */
class Actions {
  readonly #inputs: Edge[] = [];
  readonly #base: number;
  /** Actions, whose results have numbers only when all inputs are known. */
  readonly #actions: FileAction[] = [];

  constructor(base: Rootfs) {
    this.#base = base ? this.#input(base) : -1;
  }

  get spec(): { readonly op: FileOp; readonly inputs: readonly Edge[] } {
    const count = this.#inputs.length;
    const actions = this.#actions.map((action, index) => ({ ...action, input: index === 0 ? this.#base : count + index - 1 }));
    return { op: { kind: "file", actions }, inputs: this.#inputs };
  }

  /** Makes the directory `dest`, with the content of a directory of another filesystem. */
  replace(dest: string, from: Rootfs, src: string, excludePatterns: readonly string[] = []): void {
    if (dest !== "/") {
      this.#actions.push({ action: "rm", input: 0, path: dest, allowNotFound: true, allowWildcard: false });
      this.#actions.push({ action: "mkdir", input: 0, path: dest, mode: 0o755, makeParents: true });
    } else if (this.#base >= 0) {
      this.#actions.push({ action: "rm", input: 0, path: "/*", allowNotFound: true, allowWildcard: true });
    }
    if (from) this.#copy(from, { src, dest: dest === "/" ? "/" : `${dest}/`, ...(excludePatterns.length > 0 && { excludePatterns }) });
  }

  /** Copies one path of another filesystem, where it is there. */
  only(from: Edge, path: string): void {
    this.#copy(from, { src: "/", dest: "/", includePatterns: [path] });
  }

  #copy(from: Edge, copy: Pick<CopyAction, "src" | "dest" | "includePatterns" | "excludePatterns">): void {
    this.#actions.push({
      action: "copy",
      input: 0,
      secondaryInput: this.#input(from),
      ...copy,
      followSymlinks: false,
      dirCopyContents: true,
      attemptUnpack: false,
      createDestPath: true,
      allowWildcard: false,
      allowEmptyWildcard: false,
    });
  }

  #input(edge: Edge): number {
    const known = this.#inputs.findIndex(({ vertex: { digest }, output }) => digest === edge.vertex.digest && output === edge.output);
    return known >= 0 ? known : this.#inputs.push(edge) - 1;
  }
}
