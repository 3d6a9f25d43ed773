import { type Digest, sha256 } from "../../../core/digest.js";
import type { StepInfo } from "../../../core/step.js";
import { withoutUserinfo } from "../../../core/text/address.js";
import { readWireSource } from "../../sources/wire.js";
import { imageOf, localOf } from "../../sources/source.js";
import type { Op } from "../../ops.js";
import { type Edge, type Rootfs, type Vertex, vertex } from "../../vertex.js";
import { DEFINITION, type METADATA } from "../definition.js";
import { cannotDecode } from "../errors.js";
import { actionLabel } from "../labels.js";
import { decode, type ValueOf } from "../message.js";
import { OP } from "../operations.js";
import { type CapturedMounts, captureMounts } from "./mount-outputs.js";
import { readExec } from "./read-exec.js";
import { readFile } from "./read-file.js";
import { VertexReader } from "./vertex-reader.js";

type OpMessage = ValueOf<typeof OP>;
type Metadata = ValueOf<typeof METADATA>;

/** Most bytes of a definition. BuildKit's clients send at most 16 MiB. */
const MOST_BYTES = 64 * 2 ** 20;

/** Most operations of a definition. */
const MOST_VERTICES = 50_000;

/**
 * Reads BuildKit's `pb.Definition`. The bytes may be anybody's: what tsbuild cannot solve is
 * refused by name, and nothing of it is taken for something else. Images may be without a digest.
 */
export function readDefinition(bytes: Uint8Array): Rootfs {
  if (bytes.length > MOST_BYTES) throw cannotDecode("Definition", `it has ${bytes.length} bytes, more than ${MOST_BYTES}`);
  const { def = [], metadata = new Map() } = decode(DEFINITION, bytes);
  if (def.length > MOST_VERTICES) throw cannotDecode("Definition", `it has ${def.length} operations, more than ${MOST_VERTICES}`);
  if (def.length === 0) return undefined;
  const ops = new Map(def.map((op) => [sha256(op), decode(OP, op)] as const));
  const last = ops.get(sha256(def.at(-1) as Uint8Array)) as OpMessage;
  const [result, ...others] = last.inputs ?? [];
  if (kindOf(last) !== undefined || !result || others.length > 0)
    throw cannotDecode("Definition", "its last operation does not name the one result");
  return new GraphReader(ops, metadata).edge(result);
}

/** An operation that was read. */
interface ReadOperation {
  readonly vertex: Vertex;
  readonly op: OpMessage;
  readonly mounts?: CapturedMounts;
  /** Results that were used, by the numbers of their outputs. */
  readonly outputs: Map<number, Edge>;
}

class GraphReader {
  readonly #ops: ReadonlyMap<Digest, OpMessage>;
  readonly #metadata: ReadonlyMap<string, Metadata>;
  /** Outputs that operations and the result use, by their operations. */
  readonly #wanted = new Map<string, Set<number>>();
  readonly #read = new Map<string, ReadOperation>();

  constructor(ops: ReadonlyMap<Digest, OpMessage>, metadata: ReadonlyMap<string, Metadata>) {
    this.#ops = ops;
    this.#metadata = metadata;
    for (const { inputs = [] } of ops.values()) {
      for (const { digest = "", index = 0 } of inputs) this.#wanted.set(digest, (this.#wanted.get(digest) ?? new Set()).add(index));
    }
  }

  /**
   * Reads an output and all below it. An operation names its inputs by digests of their bytes, so
   * that none can be below itself. The way down is a list, because a graph may be deep.
   */
  edge(result: { readonly digest?: string; readonly index?: number }): Edge {
    const stack = [result.digest ?? ""];
    while (stack.length > 0) {
      const digest = stack.at(-1) as string;
      const op = this.#op(digest);
      const missing = (op.inputs ?? []).map((input) => input.digest ?? "").filter((input) => !this.#read.has(input));
      if (this.#read.has(digest)) stack.pop();
      // One at a time: the list is a way down, and never longer than the graph is deep.
      else if (missing[0] !== undefined) stack.push(missing[0]);
      else {
        this.#read.set(digest, this.#operation(op, digest));
        stack.pop();
      }
    }
    return this.#output(result, new VertexReader("the result"));
  }

  #op(digest: string): OpMessage {
    const op = this.#ops.get(digest as Digest);
    if (!op) throw cannotDecode("Definition", `the operation ${digest === "" ? "without a digest" : digest} is not in it`);
    return op;
  }

  #operation(op: OpMessage, digest: string): ReadOperation {
    const metadata = this.#metadata.get(digest);
    const name = metadata?.description?.get("llb.customname") || this.#name(op);
    const at = new VertexReader(name);
    at.refuse("constraints.filter", op.constraints?.filter);
    at.refuse("linux_resources", metadata?.linux_resources, "Limit steps with --memory and --cpus");
    const inputs = (op.inputs ?? []).map((input) => this.#output(input, at));
    const mounts = op.exec && captureMounts(op.exec, inputs, this.#wanted.get(digest) ?? new Set(), at);
    const read = readOp(mounts ? { ...op, exec: mounts.exec } : op, mounts?.inputs ?? inputs, at);
    const platform = read.op.kind === "exec" || imageOf(read.op) ? platformOf(op, at) : undefined;
    const made = vertex({
      ...read,
      ...(platform === undefined ? {} : { platform }),
      metadata: {
        step: this.#step(read.op, name),
        wire: { digest, name },
        ...(metadata?.ignore_cache ? { ignoreCache: true, ignoreReason: "the definition says so" } : {}),
      },
    });
    return { vertex: made, op, outputs: new Map(), ...(mounts && { mounts }) };
  }

  /** Returns the edge of an output: of a command its root filesystem, or a mount of it. */
  #output({ digest = "", index = 0 }: { readonly digest?: string; readonly index?: number }, at: VertexReader): Edge {
    const { vertex: source, op, mounts, outputs } = this.#read.get(digest) as ReadOperation;
    const mount = op.exec?.mounts?.find(({ output = 0 }) => output === index);
    const known = outputs.get(index);
    if (known) return known;
    const edge = { vertex: source, output: 0 };
    const result = mounts ? mounts.result(index, edge) : (op.exec ? mount?.dest === "/" : index === 0) ? edge : undefined;
    if (!result) return at.fail("inputs.index", `it uses output ${index} of "${this.#name(op)}"`, NO_OUTPUT);
    outputs.set(index, result);
    return result;
  }

  /** Returns the step of an operation. Numbers count the operations in the order of the graph. */
  #step(op: Op, text: string): StepInfo {
    const local = localOf(op);
    if (local) return { kind: "context", ...(local.name === "context" ? {} : { name: local.name }) };
    const image = imageOf(op);
    if (image) return { kind: "base", ref: image.ref.replace(/@.*$/s, ""), ...(image.digest && { digest: image.digest }) };
    return { kind: "instruction", stage: "", position: this.#read.size + 1, of: this.#ops.size - 1, text };
  }

  /** Returns the name of an operation without one, as BuildKit makes it. */
  #name({ exec, source, file, merge, diff }: OpMessage): string {
    if (exec) return exec.meta?.args?.join(" ") ?? "";
    if (source) return withoutUserinfo(source.identifier ?? "");
    if (file) return (file.actions ?? []).map(actionLabel).join(", ");
    return merge ? "merge" : diff ? "diff" : "operation";
  }
}

const NO_OUTPUT = "Use the root filesystem after the command, or a mount that it may write to";

/** Kinds of operations, by the names of the members. */
const KINDS = ["exec", "source", "file", "merge", "diff", "build", "passthrough"] as const;

function kindOf(op: OpMessage): (typeof KINDS)[number] | undefined {
  return KINDS.find((kind) => op[kind] !== undefined);
}

function readOp(message: OpMessage, inputs: readonly Edge[], at: VertexReader): { readonly op: Op; readonly inputs: readonly Edge[] } {
  const { exec, source, file, merge, diff } = message;
  if (exec) return { op: readExec(exec, inputs, at), inputs };
  if (file) return { op: readFile(file, inputs.length, at), inputs };
  if (source) return { op: readWireSource(source.identifier ?? "", source.attrs ?? new Map(), at), inputs };
  const input = (part: string, number = 0): Edge | undefined => inputs[at.index(part, number, inputs.length)];
  if (merge) {
    const merged = (merge.inputs ?? []).map(
      ({ input: number }) => input("merge.inputs", number) ?? at.fail("merge.inputs", "one is empty"),
    );
    if (merged.length === 0) at.fail("merge.inputs", "there are none");
    return { op: { kind: "merge" }, inputs: merged };
  }
  if (diff) {
    const upper = input("diff.upper", diff.upper?.input) ?? at.fail("diff.upper", "it is the empty filesystem");
    const lower = input("diff.lower", diff.lower?.input);
    // All layers are above the empty filesystem.
    return lower ? { op: { kind: "diff" }, inputs: [lower, upper] } : { op: { kind: "merge" }, inputs: [upper] };
  }
  return at.fail(kindOf(message) ?? "op", "tsbuild has no such operation");
}

/** Reads the platform of an image or a command. */
function platformOf({ platform }: OpMessage, at: VertexReader): string | undefined {
  if (!platform) return undefined;
  const { OS = "", Architecture = "", Variant = "", OSVersion, OSFeatures } = platform;
  at.refuse("platform.OSVersion", OSVersion);
  at.refuse("platform.OSFeatures", OSFeatures);
  const parts = [OS, Architecture, ...(Variant === "" ? [] : [Variant])];
  if (!parts.every((part) => /^[\w.-]+$/.test(part))) at.fail("platform", `"${parts.join("/")}" is none`);
  return parts.join("/");
}
