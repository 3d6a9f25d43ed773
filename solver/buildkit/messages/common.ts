import { WireType } from "@bufbuild/protobuf/wire";
import { type Field, mapped, scalar } from "../../../llb/wire/fields.js";
import { bool, bytes, int32, int64, many, one, openMessage, string, strings, texts } from "../../../llb/wire/message.js";
import { BYTES as RAW } from "../../../llb/wire/wire-types.js";

/** A number of 64 bits that is exact, such as nanoseconds since the epoch. */
export const exact64 = (number: number): Field<bigint> =>
  scalar<bigint>(number, {
    wire: WireType.Varint,
    isDefault: (value) => value === 0n,
    put: (writer, value) => writer.int64(value),
    take: (reader) => BigInt(reader.int64()),
  });

/** Bytes by names. */
export const byteMap = (number: number): Field<ReadonlyMap<string, Uint8Array>> => mapped(number, RAW);

/** `google.protobuf.Timestamp`. */
export const TIMESTAMP = openMessage("Timestamp", { seconds: int64(1), nanos: int32(2) });

/** `google.protobuf.Empty`. */
export const EMPTY = openMessage("Empty", {});

/** Bytes of a tunnel: sessions, agents and files that are sent. */
export const BYTES = openMessage("BytesMessage", { data: bytes(1) });

export const PLATFORM = openMessage("Platform", {
  Architecture: string(1),
  OS: string(2),
  Variant: string(3),
  OSVersion: string(4),
  OSFeatures: strings(5),
});

export const VERSION = openMessage("BuildkitVersion", {
  package: string(1),
  version: string(2),
  revision: string(3),
  dockerfileVersion: string(4),
});

const GC_POLICY = openMessage("GCPolicy", {
  all: bool(1),
  keepDuration: int64(2),
  reservedSpace: int64(3),
  filters: strings(4),
  maxUsedSpace: int64(5),
  minFreeSpace: int64(6),
});

export const WORKER = openMessage("WorkerRecord", {
  ID: string(1),
  Labels: texts(2),
  platforms: many(3, PLATFORM),
  GCPolicy: many(4, GC_POLICY),
  BuildkitVersion: one(5, VERSION),
});

const POSITION = openMessage("Position", { line: int32(1), character: int32(2) });
export const RANGE = openMessage("Range", { start: one(1, POSITION), end: one(2, POSITION) });

/** A text that steps come from. */
export const SOURCE_INFO = openMessage("SourceInfo", { filename: string(1), data: bytes(2), definition: bytes(3), language: string(4) });

/** Returns the milliseconds since the epoch of a timestamp. */
export function milliseconds({ seconds = 0, nanos = 0 }: { readonly seconds?: number; readonly nanos?: number }): number {
  return seconds * 1000 + nanos / 1_000_000;
}

/** Returns the timestamp of milliseconds since the epoch. */
export function timestampOf(milliseconds: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.min(999_999_999, Math.round((milliseconds - seconds * 1000) * 1_000_000)) };
}
