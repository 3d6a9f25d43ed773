import { WireType } from "@bufbuild/protobuf/wire";
import { type Field, mapped, scalar } from "../../../llb/wire/fields.js";
import { bytes, int32, int64, openMessage } from "../../../llb/wire/message.js";
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

/** Returns the milliseconds since the epoch of a timestamp. */
export function milliseconds({ seconds = 0, nanos = 0 }: { readonly seconds?: number; readonly nanos?: number }): number {
  return seconds * 1000 + nanos / 1_000_000;
}

/** Returns the timestamp of milliseconds since the epoch. */
export function timestampOf(milliseconds: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanos: Math.round((milliseconds - seconds * 1000) * 1_000_000) };
}
