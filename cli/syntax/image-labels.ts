import type { ImageStore, StoredImage } from "../../api/options/options.js";
import { TsbuildError } from "../../core/errors.js";

/**
 * Returns true when an image has a label as `--filter label=KEY` or `label=KEY=VALUE` names it. An
 * image that lost its config has none.
 */
export function hasLabel(image: StoredImage, wanted: string, store: Pick<ImageStore, "inspect">): boolean {
  const [name = "", ...rest] = wanted.split("=");
  const found = labelsOf(image, store)?.[name];
  return found !== undefined && (rest.length === 0 || found === rest.join("="));
}

function labelsOf(image: StoredImage, store: Pick<ImageStore, "inspect">): Readonly<Record<string, string>> | undefined {
  try {
    return (store.inspect(image.digest)["Config"] as { readonly Labels?: Readonly<Record<string, string>> } | undefined)?.Labels;
  } catch (error) {
    if (error instanceof TsbuildError) return undefined;
    throw error;
  }
}
