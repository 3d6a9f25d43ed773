import { type Digest, sha256 } from "../core/digest.js";

/**
 * Returns the ChainID of a stack of layers (image-spec config.md). The ChainID of one layer is its
 * diffID. The ChainID of a higher layer is the sha256 of `<chainID below> <diffID>`. No layers give
 * the sha256 of nothing.
 */
export function chainId(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) return sha256("");
  return rest.reduce((below, diffId) => sha256(`${below} ${diffId}`), first);
}
