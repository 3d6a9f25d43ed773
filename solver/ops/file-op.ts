import { type Canonical, canonicalJson } from "../../core/canonical.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { stackOn } from "../../cache/contract/stacks.js";
import type { CopyAction, FileOp } from "../../llb/ops.js";
import type { Vertex } from "../../llb/vertex.js";
import type { Ports } from "../ports.js";
import type { EngineOp, OpContext } from "../engine/op.js";
import type { LayerForm } from "../layer-forms.js";
import { packLayer } from "../layers/pack.js";
import { sharedReporter } from "../layers/ports.js";
import type { StepResult } from "../result.js";
import { selectionDigest, subtreeDigest } from "./file/selection.js";
import { readTreeFile, treeOfInput } from "./inputs/input-tree.js";
import { rootLayers } from "./inputs/root-layers.js";
import { isDirectoryInput } from "./inputs/whole-input.js";

type FilePorts = Ports<"layers" | "clock" | "exports" | "past" | "sandboxes">;

/**
 * Returns the op of COPY, ADD of files and WORKDIR. The op computes a new layer from trees, without
 * unpacking an input.
 */
export function fileOp(op: FileOp, vertex: Vertex, form: LayerForm, ports: FilePorts): EngineOp<StepResult> {
  const { layers, clock, exports, past } = ports;
  return {
    identity: async () => canonicalJson({ op: op as unknown as Canonical, epoch: clock.epoch }),
    selects: (index) => (isBase(op, index) ? isDirectoryInput(vertex, index) : copiesFrom(op, index).length > 0),
    async contentDigest(index, input, opContext) {
      const tree = await treeOfInput(input, layers, opContext);
      const options = { signal: opContext.signal, onSelected: past.selections.note };
      if (isBase(op, index)) return subtreeDigest(tree, "/", options);
      return asWritten(op, vertex, selectionDigest(tree, copiesFrom(op, index), { where: describe(vertex, index), ...options }));
    },
    async run(inputs, opContext) {
      // Most builds find every copy in the cache.
      const { fileOpBase } = await import("./file/plan-file-op.js");
      const base = fileOpBase(op, inputs.length);
      const below = base < 0 ? [] : await rootLayers(inputs[base] as StepResult, layers, opContext);
      if (form.unpacked) layers.expectUnpacked(below);
      const plan = () => planLayer(op, vertex, inputs, ports, opContext);
      // A layer that a step runs on soon is compressed beside that step, not before it.
      const direct = form.exported && !form.unpacked;
      const compression = direct ? exports.compression : ({ type: "uncompressed" } as const);
      const contentName = `${past.provenance.projects.own} ${canonicalJson(op as unknown as Canonical)}`;
      const stack = stackOn(below, await packLayer(layers, plan, compression, opContext, { contentName }));
      if (form.exported && !direct) exports.compress(stack, below.length);
      return { kind: "layers", layers: stack };
    },
  };
}

/** Returns true when an action changes this input. All files of such an input count. */
function isBase(op: FileOp, index: number): boolean {
  return op.actions.some((action) => action.input === index);
}

function copiesFrom(op: FileOp, index: number): CopyAction[] {
  return op.actions.filter((action): action is CopyAction => action.action === "copy" && action.secondaryInput === index);
}

async function planLayer(op: FileOp, vertex: Vertex, inputs: readonly StepResult[], ports: FilePorts, opContext: OpContext) {
  const { layers, clock } = ports;
  const { planFileOp } = await import("./file/plan-file-op.js");
  const trees = await allOrAbort(opContext.signal, (signal) => {
    const reporter = sharedReporter(opContext, signal);
    return inputs.map((input) => treeOfInput(input, layers, reporter));
  });
  const plan = planFileOp(op, trees, {
    describeInput: (index) => describe(vertex, index),
    mtime: clock.now(),
    readFile: (tree, path) => readTreeFile(tree, path, ports, opContext),
    temporaryDirectory: () => layers.store.temporaryDirectory(),
    unpackedLimit: layers.unpackedLimit,
    signal: opContext.signal,
  });
  return asWritten(op, vertex, plan);
}

/**
 * Awaits a selection. Replaces an error about a source whose `..` were cut by one about the source
 * as written.
 */
async function asWritten<T>(op: FileOp, vertex: Vertex, selection: Promise<T>): Promise<T> {
  const cut = vertex.metadata.cutSources;
  if (cut === undefined) return selection;
  const { SourceNotFoundError, sourceLeadsOut } = await import("./file/errors.js");
  return selection.catch((error: unknown) => {
    if (!(error instanceof SourceNotFoundError)) throw error;
    const source = cut.find(({ src }) => src === error.source);
    const action = op.actions.find((candidate) => candidate.action === "copy" && candidate.src === error.source);
    throw source && action?.action === "copy" ? sourceLeadsOut(source.written, describe(vertex, action.secondaryInput), error) : error;
  });
}

/** Returns an input's name for messages about copies from it. */
function describe({ inputs, metadata }: Vertex, index: number): string {
  if (metadata.copiedFrom !== undefined) return metadata.copiedFrom;
  const step = inputs[index]?.vertex.metadata.step;
  if (step === undefined) return "an empty context or stage";
  const isMainContext = step.kind === "internal" || (step.kind === "context" && step.name === undefined);
  return isMainContext ? "the build context" : "the image or stage copied from";
}
