import { actionLabel } from "./labels.js";
import type { ValueOf } from "./message.js";
import type { OP } from "./operations.js";
import type { VertexJson } from "./public.js";
import { withoutUserinfo } from "../../core/text/address.js";
import type { WireVertex } from "./write/write-definition.js";

type OpMessage = ValueOf<typeof OP>;
type FileMessage = NonNullable<OpMessage["file"]>;

/** Returns vertices as plain JSON. Passwords of addresses are left out, so that it can be shown. */
export function vertexJson({ digest, op, metadata }: WireVertex): VertexJson {
  const { exec, source, file, build, merge, diff, passthrough, ...rest } = op;
  const kind = { exec, source, file: file && fileJson(file), build, merge, diff, passthrough };
  return { Op: { ...(plain(rest) as object), Op: plain(kind) }, Digest: digest, OpMetadata: plain(metadata) as VertexJson["OpMetadata"] };
}

function fileJson({ actions = [] }: FileMessage): Readonly<Record<string, unknown>> {
  return {
    actions: actions.map(({ input = 0, secondaryInput = 0, output = 0, ...Action }) => ({ input, secondaryInput, output, Action })),
  };
}

/** Returns a value as JSON has it. Members with the default of their type are left out. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return withoutUserinfo(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name, member]) => !isDefault(member) || COUNTED.includes(name));
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}

/** Members that are shown when they are 0 too. */
const COUNTED: readonly string[] = ["input", "secondaryInput", "output"];

function isDefault(value: unknown): boolean {
  if (value === undefined || value === "" || value === 0 || value === false) return true;
  return (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
}

/** Returns vertices as a graph for Graphviz, with the shapes of `buildctl debug dump-llb --dot`. */
export function vertexDot(vertices: readonly WireVertex[]): string {
  const lines = vertices.flatMap(({ op, digest }) => {
    const { label, shape } = appearance(op, digest);
    const node = `  ${quoted(digest)} [label=${quoted(label)} shape=${quoted(shape)}];`;
    const edges = (op.inputs ?? []).map((input, index) => {
      const mount = op.exec?.mounts?.find(({ input: number = 0, dest }) => number === index && dest !== "/");
      return `  ${quoted(input.digest ?? "")} -> ${quoted(digest)} [label=${quoted(mount?.dest ?? "")}];`;
    });
    return [node, ...edges];
  });
  return `digraph {\n${lines.join("\n")}\n}\n`;
}

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;

function appearance({ source, exec, file, merge, diff }: OpMessage, digest: string): { readonly label: string; readonly shape: string } {
  if (source) return { label: withoutUserinfo(source.identifier ?? ""), shape: "ellipse" };
  if (exec) return { label: exec.meta?.args?.join(" ") ?? "", shape: "box" };
  if (file) return { label: (file.actions ?? []).map(actionLabel).join(","), shape: "note" };
  if (merge) return { label: "merge", shape: "invtriangle" };
  return diff ? { label: "diff", shape: "doublecircle" } : { label: digest, shape: "plaintext" };
}
