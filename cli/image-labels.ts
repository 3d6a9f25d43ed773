import type { ImageStore, StoredImage } from "../api/options.js";

/** Whether an image has a label as `--filter label=KEY` or `label=KEY=VALUE` names it. */
export function hasLabel(image: StoredImage, wanted: string, store: Pick<ImageStore, "inspect">): boolean {
  const config = store.inspect(image.digest)["Config"] as { readonly Labels?: Readonly<Record<string, string>> } | undefined;
  const [name = "", ...rest] = wanted.split("=");
  const found = config?.Labels?.[name];
  return found !== undefined && (rest.length === 0 || found === rest.join("="));
}
