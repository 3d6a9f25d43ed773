import { bool, bytes, flags, int32, int64, many, manyBytes, message, messages, one, string, texts } from "./message.js";

/** The messages of a definition around its operations, with BuildKit's names and numbers. */

const RESOURCES = message("LinuxResources", {
  memory: int64(1),
  memorySwap: int64(2),
  cpuShares: int64(3),
  cpuPeriod: int64(4),
  cpuQuota: int64(5),
  cpusetCpus: string(6),
  cpusetMems: string(7),
});

export const METADATA = message("OpMetadata", {
  ignore_cache: bool(1),
  description: texts(2),
  export_cache: one(4, message("ExportCache", { Value: bool(1) })),
  caps: flags(5),
  progress_group: one(6, message("ProgressGroup", { id: string(1), name: string(2), weak: bool(3) })),
  linux_resources: one(7, RESOURCES),
});

const POSITION = message("Position", { line: int32(1), character: int32(2) });
const RANGE = message("Range", { start: one(1, POSITION), end: one(2, POSITION) });
const LOCATION = message("Location", { sourceIndex: int32(1), ranges: many(2, RANGE) });

const SOURCES = message("Source", {
  locations: messages(1, message("Locations", { locations: many(1, LOCATION) })),
  infos: many(
    2,
    // The definition that made the file stays bytes: nobody reads it.
    message("SourceInfo", { filename: string(1), data: bytes(2), definition: bytes(3), language: string(4) }),
  ),
});

/** A graph: its operations, each as bytes, inputs before users. The last one names the result. */
export const DEFINITION = message("Definition", {
  def: manyBytes(1),
  metadata: messages(2, METADATA),
  Source: one(3, SOURCES),
});
