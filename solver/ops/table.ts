import { noSuchSource } from "./errors.js";
import { unreachable } from "../../core/errors.js";
import type { SourceOp } from "../../llb/ops.js";
import { readSource } from "../../llb/sources/source.js";
import type { Vertex } from "../../llb/vertex.js";
import type { SolverPorts } from "../ports.js";
import type { EngineOp } from "../engine/op.js";
import type { LayerForm } from "../layer-forms.js";
import type { StepResult } from "../result.js";
import { diffOp } from "./diff.js";
import { execOp } from "./exec.js";
import { fileOp } from "./file-op.js";
import { mergeOp } from "./merge.js";
import { blobSourceOp } from "./source-blob.js";
import { gitSourceOp } from "./source-git.js";
import { httpSourceOp } from "./source-http.js";
import { imageSourceOp } from "./source-image.js";
import { localSourceOp } from "./source-local.js";

/**
 * Returns the implementation of a vertex's operation. `form` has the forms in which its layer will
 * be used.
 */
export function implement(vertex: Vertex, form: LayerForm, ports: SolverPorts): EngineOp<StepResult> {
  const { op } = vertex;
  switch (op.kind) {
    case "source":
      return source(op, vertex, ports);
    case "exec":
      return execOp(op, vertex, form, ports);
    case "file":
      return fileOp(op, vertex, form, ports);
    case "merge":
      return mergeOp(vertex, ports);
    case "diff":
      return diffOp(ports);
    default:
      return unreachable(op);
  }
}

function source(op: SourceOp, vertex: Vertex, ports: SolverPorts): EngineOp<StepResult> {
  const read = readSource(op);
  switch (read?.kind) {
    case "image":
      return imageSourceOp(op, vertex, ports);
    case "local":
      return localSourceOp(read, ports);
    case "http":
      return httpSourceOp(read, ports);
    case "git":
      return gitSourceOp(read, ports);
    case "blob":
      return blobSourceOp(read, ports);
    case undefined:
      throw noSuchSource(op);
  }
}
