import { TsbuildError } from "../../core/errors.js";
import type { Vertex } from "../../llb/vertex.js";
import type { EngineOp } from "../engine/op.js";

/** Returns the op with errors that name the vertex's place in the Dockerfile. */
export function withErrorPlace<R>(op: EngineOp<R>, vertex: Vertex): EngineOp<R> {
  const { source, range } = vertex.metadata;
  if (!source || !range) return op;
  const place = { source, range };
  const mark = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      if (error instanceof TsbuildError) error.place ??= place;
      throw error;
    });
  const { contentDigest, prepare } = op;
  return {
    ...op,
    identity: (context) => mark(op.identity(context)),
    ...(contentDigest && { contentDigest: (index, input, context) => mark(contentDigest(index, input, context)) }),
    ...(prepare && { prepare: (inputs, context) => mark(prepare(inputs, context)) }),
    run: (inputs, context) => mark(op.run(inputs, context)),
  };
}
