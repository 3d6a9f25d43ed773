import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { digestHex, sha256 } from "../../core/digest.js";
import { LayoutDirectory } from "../../oci/layout/directory.js";
import { blobReaderConformance } from "../conformance/blob-reader.js";
import { statShardConformance } from "../conformance/stat-shard.js";
import { MemoryShard } from "../support/memory-shard.js";
import { open, temporaryRoot } from "./support.js";

statShardConformance(test, "the store's shard", (onEnd) => open(onEnd).stats.shard("/context"));
statShardConformance(test, "the shard of the tests", () => new MemoryShard());

blobReaderConformance(test, "the store's blobs", (texts, onEnd) => {
  const { blobs } = open(onEnd);
  for (const text of texts) blobs.writeSmall(text);
  return blobs;
});
blobReaderConformance(test, "a layout directory", (texts, onEnd) => {
  const root = temporaryRoot(onEnd);
  const blobs = join(root, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(root, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [] }));
  for (const text of texts) writeFileSync(join(blobs, digestHex(sha256(text))), text);
  return new LayoutDirectory(root);
});
