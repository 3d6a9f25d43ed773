import { type Digest, sha256 } from "../core/digest.js";

/** ChainID of a stack of layers (image-spec config.md): the diffID of one layer; above it sha256 of `<chainID below> <diffID>`. Of no layers: sha256 of nothing. */
export function chainId(diffIds: readonly Digest[]): Digest {
  const [first, ...rest] = diffIds;
  if (first === undefined) return sha256("");
  return rest.reduce((below, diffId) => sha256(`${below} ${diffId}`), first);
}
