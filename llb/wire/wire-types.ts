import { type BinaryReader, type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A type of values: the way to write and read one, without its tag. */
export interface Type<T> {
  readonly wire: WireType;
  readonly isDefault: (value: T) => boolean;
  readonly put: (writer: BinaryWriter, value: T) => void;
  readonly take: (reader: BinaryReader) => T;
}

export const TEXT: Type<string> = {
  wire: WireType.LengthDelimited,
  isDefault: (value) => value === "",
  put: (writer, value) => writer.string(value),
  take: (reader) => reader.string(),
};

export const BYTES: Type<Uint8Array> = {
  wire: WireType.LengthDelimited,
  isDefault: (value) => value.length === 0,
  put: (writer, value) => writer.bytes(value),
  take: (reader) => reader.bytes(),
};

export const BOOL: Type<boolean> = {
  wire: WireType.Varint,
  isDefault: (value) => !value,
  put: (writer, value) => writer.bool(value),
  take: (reader) => reader.bool(),
};

const isZero = (value: number): boolean => value === 0;

export const INT32: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.int32(value),
  take: (reader) => reader.int32(),
};

export const UINT32: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.uint32(value),
  take: (reader) => reader.uint32(),
};

export const INT64: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.int64(value),
  take: (reader) => Number(reader.int64()),
};

/** Writes a value with the tag of its field. */
export function writeOne<T>(writer: BinaryWriter, number: number, type: Type<T>, value: T): void {
  type.put(writer.tag(number, type.wire), value);
}

/** Reads a value whose tag said `found`. */
export function readOne<T>(reader: BinaryReader, found: WireType, type: Type<T>): T {
  if (found !== type.wire) throw new WireProblem(`it has the wire type ${found} and not ${type.wire}`);
  return type.take(reader);
}

/** A fault inside a field, whose name is known one floor up. */
export class WireProblem extends Error {
  override readonly name = "WireProblem";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns text of UTF-8. Go refuses other bytes too. */
export function strictText(text: Uint8Array): string {
  return decoder.decode(text);
}
