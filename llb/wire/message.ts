import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { cannotDecode } from "./errors.js";

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

/** A field of any type, for what handles fields by their numbers. */
interface AnyField {
  readonly number: number;
  readonly inOneof: boolean;
  readonly write: (writer: BinaryWriter, value: never) => void;
  readonly read: (reader: BinaryReader, type: WireType, before: undefined) => unknown;
}

type Fields = Readonly<Record<string, AnyField>>;

/** The form of a message: its fields by name. */
export interface Message<F extends Fields> {
  readonly name: string;
  readonly fields: F;
}

/** The value of a message. A member that is not there has the default of its type. */
export type ValueOf<M> = M extends Message<infer F> ? { readonly [K in keyof F]?: ReturnType<F[K]["read"]> } : never;

type AnyMessage = Message<Fields>;

/** Declares a message. */
export function message<F extends Fields>(name: string, fields: F): Message<F> {
  return { name, fields };
}

/**
 * Returns the bytes of a message. Note that equal values give the bytes that Go gives them with
 * `Deterministic`, because the digest of a vertex is that of its bytes: fields stand in the order of
 * their numbers, those of a oneof after all others, and keys of maps are sorted by their bytes.
 */
export function encode<M extends AnyMessage>(form: M, value: ValueOf<M>): Uint8Array {
  return writeFields(form, value, new BinaryWriter()).finish();
}

/**
 * Reads a message. Throws `llb/not-a-definition` for bytes that are none, and for a field that the
 * form does not know: it may change what the message means.
 */
export function decode<M extends AnyMessage>(form: M, bytes: Uint8Array): ValueOf<M> {
  const fields = new Map(Object.entries(form.fields).map(([name, field]) => [field.number, { name, field: field as unknown as Field<unknown> }]));
  const found: Record<string, unknown> = {};
  const reader = new BinaryReader(bytes, strictText);
  let oneof: string | undefined;
  while (reader.pos < reader.len) {
    const [number, type] = guarded(form.name, () => reader.tag());
    const known = fields.get(number);
    if (!known) throw cannotDecode(form.name, `field ${number} is not known`);
    const { name, field } = known;
    if (field.inOneof && oneof !== undefined && oneof !== name) throw cannotDecode(form.name, `it has "${oneof}" and "${name}"`);
    if (field.inOneof) oneof = name;
    found[name] = guarded(`${form.name}.${name}`, () => field.read(reader, type, found[name]));
  }
  return found as ValueOf<M>;
}

export const string = (number: number): Field<string> => scalar(number, TEXT);
export const bytes = (number: number): Field<Uint8Array> => scalar(number, BYTES);
export const bool = (number: number): Field<boolean> => scalar(number, BOOL);
export const int32 = (number: number): Field<number> => scalar(number, INT32);
export const uint32 = (number: number): Field<number> => scalar(number, UINT32);
/** A number of 64 bits. Beyond 2^53 it is not exact. */
export const int64 = (number: number): Field<number> => scalar(number, INT64);

export const strings = (number: number): Field<readonly string[]> => repeated(number, TEXT);
export const manyBytes = (number: number): Field<readonly Uint8Array[]> => repeated(number, BYTES);
export const int32s = (number: number): Field<readonly number[]> => packed(number, INT32);
export const int64s = (number: number): Field<readonly number[]> => packed(number, INT64);

/** A message in a message. */
export const one = <M extends AnyMessage>(number: number, form: M): Field<ValueOf<M>> => {
  const type = messageType(form);
  return {
    number,
    inOneof: false,
    write: (writer, value) => writeOne(writer, number, type, value),
    read(reader, found, before) {
      if (before !== undefined) throw new WireProblem("it stands there twice");
      return readOne(reader, found, type);
    },
  };
};

export const many = <M extends AnyMessage>(number: number, form: M): Field<readonly ValueOf<M>[]> => repeated(number, messageType(form));

export const texts = (number: number): Field<ReadonlyMap<string, string>> => mapped(number, TEXT);
export const flags = (number: number): Field<ReadonlyMap<string, boolean>> => mapped(number, BOOL);
export const messages = <M extends AnyMessage>(number: number, form: M): Field<ReadonlyMap<string, ValueOf<M>>> =>
  mapped(number, messageType(form));

/** One of the fields of which a message has at most one. Its default is written too. */
export const choice = <T>(field: Field<T> & { readonly always?: Field<T>["write"] }): Field<T> => ({
  ...field,
  inOneof: true,
  write: field.always ?? field.write,
});

/** How values of a type are written and read, without their tag. */
interface Type<T> {
  readonly wire: WireType;
  readonly isDefault: (value: T) => boolean;
  readonly put: (writer: BinaryWriter, value: T) => void;
  readonly take: (reader: BinaryReader) => T;
}

const TEXT: Type<string> = {
  wire: WireType.LengthDelimited,
  isDefault: (value) => value === "",
  put: (writer, value) => writer.string(value),
  take: (reader) => reader.string(),
};

const BYTES: Type<Uint8Array> = {
  wire: WireType.LengthDelimited,
  isDefault: (value) => value.length === 0,
  put: (writer, value) => writer.bytes(value),
  take: (reader) => reader.bytes(),
};

const BOOL: Type<boolean> = {
  wire: WireType.Varint,
  isDefault: (value) => !value,
  put: (writer, value) => writer.bool(value),
  take: (reader) => reader.bool(),
};

const isZero = (value: number): boolean => value === 0;

const INT32: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.int32(value),
  take: (reader) => reader.int32(),
};

const UINT32: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.uint32(value),
  take: (reader) => reader.uint32(),
};

const INT64: Type<number> = {
  wire: WireType.Varint,
  isDefault: isZero,
  put: (writer, value) => writer.int64(value),
  take: (reader) => Number(reader.int64()),
};

function messageType<M extends AnyMessage>(form: M): Type<ValueOf<M>> {
  return {
    wire: WireType.LengthDelimited,
    isDefault: () => false,
    put: (writer, value) => writeFields(form, value, writer.fork()).join(),
    take: (reader) => decode(form, reader.bytes()),
  };
}

function scalar<T>(number: number, type: Type<T>): Field<T> & { readonly always: Field<T>["write"] } {
  const always = (writer: BinaryWriter, value: T): void => writeOne(writer, number, type, value);
  return {
    number,
    inOneof: false,
    always,
    write: (writer, value) => (type.isDefault(value) ? undefined : always(writer, value)),
    read: (reader, found) => readOne(reader, found, type),
  };
}

function repeated<T>(number: number, type: Type<T>): Field<readonly T[]> {
  return {
    number,
    inOneof: false,
    write(writer, values) {
      for (const value of values) writeOne(writer, number, type, value);
    },
    read: (reader, found, before) => push(before, readOne(reader, found, type)),
  };
}

/** Numbers in one run of bytes. Also reads the older form, in which each has a tag. */
function packed(number: number, type: Type<number>): Field<readonly number[]> {
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

function mapped<T>(number: number, type: Type<T>): Field<ReadonlyMap<string, T>> {
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

function writeFields<M extends AnyMessage>(form: M, value: ValueOf<M>, writer: BinaryWriter): BinaryWriter {
  const values = value as Readonly<Record<string, unknown>>;
  for (const [name, field] of inOrder(form)) {
    const member = values[name];
    if (member !== undefined) field.write(writer, member);
  }
  return writer;
}

const ORDERS = new WeakMap<AnyMessage, readonly (readonly [string, Field<unknown>])[]>();

function inOrder(form: AnyMessage): readonly (readonly [string, Field<unknown>])[] {
  const known = ORDERS.get(form);
  if (known) return known;
  const order = (Object.entries(form.fields) as unknown as [string, Field<unknown>][]).sort(
    ([, a], [, b]) => Number(a.inOneof) - Number(b.inOneof) || a.number - b.number,
  );
  ORDERS.set(form, order);
  return order;
}

function writeOne<T>(writer: BinaryWriter, number: number, type: Type<T>, value: T): void {
  type.put(writer.tag(number, type.wire), value);
}

function readOne<T>(reader: BinaryReader, found: WireType, type: Type<T>): T {
  if (found !== type.wire) throw new WireProblem(`it has the wire type ${found} and not ${type.wire}`);
  return type.take(reader);
}

/** A fault inside a field, whose name is known one floor up. */
class WireProblem extends Error {
  override readonly name = "WireProblem";
}

/** Runs `read`, and says where the bytes are wrong when they are. */
function guarded<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireProblem) throw cannotDecode(place, error.message);
    // The library's own: bytes that end too early, a number that is too long, text that is none.
    if (error instanceof RangeError || (error instanceof Error && error.constructor === Error) || error instanceof TypeError)
      throw cannotDecode(place, error.message);
    throw error;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns text of UTF-8. Go refuses other bytes too. */
function strictText(text: Uint8Array): string {
  return decoder.decode(text);
}
