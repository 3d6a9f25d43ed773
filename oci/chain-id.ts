import { type Digest, sha256 } from "../core/digest.js";

/**
 * Returns the ChainID of a stack of layers (image-spec config.md). One layer's is its diffID; above
 * it stands the sha256 of `<chainID below> <diffID>`. No layers give the sha256 of nothing.
 */
export function chainId(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) return sha256("");
  return rest.reduce((below, diffId) => sha256(`${below} ${diffId}`), first);
}
