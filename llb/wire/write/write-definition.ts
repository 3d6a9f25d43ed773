import { createHash } from "node:crypto";
import { type Digest, sha256 } from "../../../core/digest.js";
import type { SourceFile, SourceRange } from "../../../core/diagnostics.js";
import { stepName, type StepInfo } from "../../../core/step.js";
import type { FileAction, Op, SourceOp } from "../../ops.js";
import { imageOf } from "../../sources/source.js";
import { wireSource } from "../../sources/wire.js";
import { type Rootfs, topological, type Vertex, type VertexMetadata } from "../../vertex.js";
import { DEFINITION, type METADATA } from "../definition.js";
import { encode, type ValueOf } from "../message.js";
import { OP } from "../operations.js";
import type { WriteOptions } from "../public.js";
import { capabilitiesOf } from "./capabilities.js";
import type { WrittenInput } from "./inputs.js";
import { execMessage } from "./write-exec.js";
import { fileMessage } from "./write-file.js";

type OpMessage = ValueOf<typeof OP>;
type Metadata = ValueOf<typeof METADATA>;
type Sources = NonNullable<ValueOf<typeof DEFINITION>["Source"]>;

/** An operation of a definition. */
export interface WireVertex {
  readonly digest: Digest;
  readonly op: OpMessage;
  readonly metadata: Metadata;
}

/** Returns a source as the sender's session has it; undefined for one that is no part of it. */
export type SessionSource = (op: SourceOp, vertex: Vertex) => SourceOp | undefined;

/** A graph in the form of BuildKit's wire. */
export interface WireDefinition {
  /** Digests on the wire by those of the graph's own vertices. */
  readonly written: ReadonlyMap<Digest, Digest>;
  /** Operations, inputs before users. The last one has no meaning but its input: the result. */
  readonly vertices: readonly WireVertex[];
  readonly bytes: Uint8Array;
}

/**
 * Returns a graph as BuildKit's `pb.Definition`. Equal graphs have equal bytes. `ofSession` gives
 * the sources that only the sender of the bytes has.
 */
export function writeDefinition(root: Rootfs, options: WriteOptions, ofSession?: SessionSource): WireDefinition {
  const writer = new DefinitionWriter(options, ofSession);
  for (const vertex of topological([root])) writer.add(vertex);
  return writer.finish(root);
}

class DefinitionWriter {
  readonly #options: WriteOptions;
  readonly #ofSession: SessionSource | undefined;
  readonly #vertices: WireVertex[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #places = new Map<Digest, number>();
  /** Digests on the wire by our own. */
  readonly #written = new Map<Digest, Digest>();
  readonly #sources = new SourceMap();

  constructor(options: WriteOptions, ofSession: SessionSource | undefined) {
    this.#options = options;
    this.#ofSession = ofSession;
  }

  add(vertex: Vertex): void {
    const inputs = vertex.inputs.map((edge) => this.#input(edge));
    const digest = this.#put(this.#message(vertex, inputs), metadataOf(vertex.metadata));
    this.#written.set(vertex.digest, digest);
    const { source, range } = vertex.metadata;
    if (source && range) this.#sources.add(digest, source, range);
  }

  finish(root: Rootfs): WireDefinition {
    // The empty filesystem is a definition of nothing.
    if (root) {
      const names = this.#vertices.flatMap(({ metadata }) => [
        ...(metadata.ignore_cache ? ["meta.ignorecache"] : []),
        ...(metadata.description ? ["meta.description"] : []),
      ]);
      const caps = new Map(["constraints", "platform", ...names].map((name) => [name, true]));
      this.#put({ inputs: [this.#input(root)] }, { caps });
    }
    const metadata = new Map(this.#vertices.map((vertex) => [vertex.digest as string, vertex.metadata]));
    return {
      written: this.#written,
      vertices: this.#vertices,
      bytes: encode(DEFINITION, { def: this.#bytes, metadata, Source: this.#sources.message() }),
    };
  }

  /** Adds an operation. Two that are equal are one. */
  #put(op: OpMessage, metadata: Metadata): Digest {
    const bytes = encode(OP, op);
    const digest = sha256(bytes);
    if (!this.#places.has(digest)) {
      this.#places.set(digest, this.#vertices.length);
      this.#bytes.push(bytes);
      this.#vertices.push({ digest, op, metadata: { ...metadata, caps: metadata.caps ?? capabilitiesOf(op) } });
    }
    return digest;
  }

  #input({ vertex, output }: NonNullable<Rootfs>): WrittenInput {
    return { digest: this.#written.get(vertex.digest) as Digest, index: output };
  }

  #message(vertex: Vertex, inputs: readonly WrittenInput[]): OpMessage {
    const { op, metadata } = vertex;
    const step = stepName(metadata.step);
    const common: OpMessage = { inputs, constraints: {} };
    switch (op.kind) {
      case "source":
        return { ...common, source: this.#source(op, vertex), ...(imageOf(op) && this.#platform(vertex)) };
      case "exec": {
        const directory: Parameters<typeof execMessage>[1]["directory"] = (path, { uid, gid, mode }) =>
          this.#alone({ action: "mkdir", input: -1, path, mode, makeParents: false, owner: { user: uid, group: gid } }, PERMISSIONS);
        return { ...common, ...execMessage(op, { inputs, step, directory }), ...this.#platform(vertex) };
      }
      case "file":
        return { ...common, ...fileMessage(op, { inputs, step, alone: (action) => this.#alone(action, DOCUMENT) }) };
      case "merge":
        return { ...common, merge: { inputs: inputs.map((_, input) => ({ input })) } };
      case "diff":
        return { ...common, diff: { lower: { input: 0 }, upper: { input: 1 } } };
    }
  }

  /** Writes an operation of one action on an empty filesystem. */
  #alone(action: FileAction, step: StepInfo): WrittenInput {
    const name = stepName(step);
    const op: Op & { readonly kind: "file" } = { kind: "file", actions: [action] };
    const { file } = fileMessage(op, { inputs: [], step: name, alone: (inner) => this.#alone(inner, step) });
    const digest = this.#put({ constraints: {}, file }, { description: new Map([[NAME, name]]) });
    return { digest, index: 0 };
  }

  #source(op: SourceOp, vertex: Vertex): NonNullable<OpMessage["source"]> {
    const { identifier, attrs } = this.#ofSession?.(op, vertex) ?? wireSource(op, this.#options.images);
    return { identifier, attrs: new Map(Object.entries(attrs)) };
  }

  #platform({ platform = this.#options.platform }: Vertex): Pick<OpMessage, "platform"> {
    const [OS = "", Architecture = "", Variant = ""] = platform.split("/");
    return { platform: { Architecture, OS, Variant } };
  }
}

/** Key of a step's name in descriptions. */
const NAME = "llb.customname";

/** Steps of operations that the writer makes, as BuildKit's frontend names them. */
const DOCUMENT: StepInfo = { kind: "internal", text: "preparing inline document" };
const PERMISSIONS: StepInfo = { kind: "internal", text: "setting cache mount permissions" };

function metadataOf({ step, ignoreCache }: VertexMetadata): Metadata {
  return { description: new Map([[NAME, stepName(step)]]), ...(ignoreCache && { ignore_cache: true }) };
}

/** Places in source texts that operations come from. */
class SourceMap {
  readonly #files = new Map<string, { readonly index: number; readonly file: SourceFile }>();
  readonly #locations = new Map<string, NonNullable<NonNullable<ReturnType<NonNullable<Sources["locations"]>["get"]>>["locations"]>>();

  add(digest: Digest, file: SourceFile, { line, endLine }: SourceRange): void {
    const key = createHash("sha256").update(`${file.name}\0${file.text}`).digest("hex");
    const known = this.#files.get(key) ?? { index: this.#files.size, file };
    this.#files.set(key, known);
    const ranges = [{ start: { line }, end: { line: endLine } }];
    this.#locations.set(digest, [...(this.#locations.get(digest) ?? []), { sourceIndex: known.index, ranges }]);
  }

  message(): Sources {
    const infos = [...this.#files.values()].map(({ file: { name, text } }) => ({
      filename: name,
      data: Buffer.from(text),
      language: "Dockerfile",
    }));
    return { locations: new Map([...this.#locations].map(([digest, locations]) => [digest, { locations }])), infos };
  }
}
