import type { LayerRecord } from "../../cache/contract/layers.js";
import { TsbuildError, withMessage } from "../../core/errors.js";

/**
 * Ends as `body` does; its errors name the blob, not the file of the store that they were met in.
 * Note that this is done to the finished message, because the tasks that read layers know files
 * only, as do the errors that come back from other processes.
 */
export async function namingBlob<T>(path: string, name: string, body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch (error) {
    throw ofBlob(error, path, name);
  }
}

/**
 * Returns what messages call a layer: its digest, and the image it came with where that is known.
 */
export function layerName({ id, blob, origin }: LayerRecord): string {
  return `layer ${blob?.digest ?? id}${origin === undefined ? "" : ` of ${origin}`}`;
}

function ofBlob(error: unknown, path: string, name: string): unknown {
  if (!(error instanceof TsbuildError) || !/^(layer|tar)\//.test(error.code)) return error;
  const message = error.message.replace(`"${path}"`, () => name).replace(/\bthe (layer|archive)(?=:)/, () => name);
  return message === error.message ? error : withMessage(error, message);
}
