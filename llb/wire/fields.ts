import { BinaryReader, type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { readOne, strictText, TEXT, type Type, WireProblem, writeOne } from "./wire-types.js";

/**
 * A field of a message: its number, and how a value of it is written and read. `write` leaves out
 * the default of the type, except in a oneof, where presence itself says something.
 */
export interface Field<T> {
  readonly number: number;
  readonly inOneof: boolean;
  readonly write: (writer: BinaryWriter, value: T) => void;
  /** Reads one occurrence. `before` is the value of the earlier ones. */
  readonly read: (reader: BinaryReader, type: WireType, before: T | undefined) => T;
}

/** Returns a field with one value. Its default is not written. */
export function scalar<T>(number: number, type: Type<T>): Field<T> & { readonly always: Field<T>["write"] } {
  const always = (writer: BinaryWriter, value: T): void => writeOne(writer, number, type, value);
  return {
    number,
    inOneof: false,
    always,
    write: (writer, value) => (type.isDefault(value) ? undefined : always(writer, value)),
    read: (reader, found) => readOne(reader, found, type),
  };
}

/** Returns a field with any number of values, each with a tag. */
export function repeated<T>(number: number, type: Type<T>): Field<readonly T[]> {
  return {
    number,
    inOneof: false,
    write(writer, values) {
      for (const value of values) writeOne(writer, number, type, value);
    },
    read: (reader, found, before) => push(before, readOne(reader, found, type)),
  };
}

/** Returns a field with numbers in one run of bytes. Reads the older form too: a tag for each. */
export function packed(number: number, type: Type<number>): Field<readonly number[]> {
  return {
    number,
    inOneof: false,
    write(writer, values) {
      if (values.length === 0) return;
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const value of values) type.put(writer, value);
      writer.join();
    },
    read(reader, found, before) {
      if (found !== WireType.LengthDelimited) return push(before, readOne(reader, found, type));
      const inner = new BinaryReader(reader.bytes(), strictText);
      let values = before;
      while (inner.pos < inner.len) values = push(values, type.take(inner));
      return values ?? [];
    },
  };
}

/** Returns a field with values by keys, which are written in the order of their bytes. */
export function mapped<T>(number: number, type: Type<T>): Field<ReadonlyMap<string, T>> {
  return {
    number,
    inOneof: false,
    write(writer, values) {
      for (const [key, value] of sortedEntries(values)) {
        writer.tag(number, WireType.LengthDelimited).fork();
        writeOne(writer, 1, TEXT, key);
        writeOne(writer, 2, type, value);
        writer.join();
      }
    },
    read(reader, found, before = new Map()) {
      if (found !== WireType.LengthDelimited) throw new WireProblem("it is no map");
      const inner = new BinaryReader(reader.bytes(), strictText);
      let key = "";
      let value: T | undefined;
      while (inner.pos < inner.len) {
        const [member, wire] = inner.tag();
        if (member === 1) key = readOne(inner, wire, TEXT);
        else if (member === 2) value = readOne(inner, wire, type);
        else throw new WireProblem(`field ${member} of an entry is not known`);
      }
      if (before.has(key)) throw new WireProblem(`"${key}" stands there twice`);
      (before as Map<string, T>).set(key, value ?? type.take(new BinaryReader(EMPTY.get(type.wire) as Uint8Array)));
      return before;
    },
  };
}

/** The default of a type as a value of its wire type: no bytes, or zero. */
const EMPTY: ReadonlyMap<WireType, Uint8Array> = new Map([
  [WireType.LengthDelimited, Uint8Array.of(0)],
  [WireType.Varint, Uint8Array.of(0)],
]);

function sortedEntries<T>(values: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function push<T>(before: readonly T[] | undefined, value: T): readonly T[] {
  if (before === undefined) return [value];
  (before as T[]).push(value);
  return before;
}

/** Returns a field with one message. An empty one is written too, and a second one refused. */
export function single<T>(number: number, type: Type<T>): Field<T> {
  return {
    number,
    inOneof: false,
    write: (writer, value) => writeOne(writer, number, type, value),
    read(reader, found, before) {
      if (before !== undefined) throw new WireProblem("it stands there twice");
      return readOne(reader, found, type);
    },
  };
}

/** One of the fields of which a message has at most one. Its default is written too. */
export const choice = <T>(field: Field<T> & { readonly always?: Field<T>["write"] }): Field<T> => ({
  ...field,
  inOneof: true,
  write: field.always ?? field.write,
});
