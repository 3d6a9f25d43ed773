import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { cannotDecode } from "./errors.js";
import { type Field, mapped, packed, repeated, scalar, single } from "./fields.js";
import { BOOL, BYTES, INT32, INT64, strictText, TEXT, type Type, UINT32, WireProblem } from "./wire-types.js";

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
  /** True for a message of an API, whose newer fields are skipped. */
  readonly open?: true;
}

/** The value of a message. A member that is not there has the default of its type. */
export type ValueOf<M> = M extends Message<infer F> ? { readonly [K in keyof F]?: ReturnType<F[K]["read"]> } : never;

/** A message of any form. */
export type AnyMessage = Message<Fields>;

/** Declares a message. */
export function message<F extends Fields>(name: string, fields: F): Message<F> {
  return { name, fields };
}

/** Declares a message of an API: fields that are not known here are skipped when it is read. */
export function openMessage<F extends Fields>(name: string, fields: F): Message<F> {
  return { name, fields, open: true };
}

/**
 * Returns the bytes of a message. Note that equal values give the bytes that Go gives them with
 * `Deterministic`, because the digest of a vertex is that of its bytes: fields stand in the order
 * of their numbers, those of a oneof after all others, and keys of maps are sorted by their bytes.
 */
export function encode<M extends AnyMessage>(form: M, value: ValueOf<M>): Uint8Array {
  return writeFields(form, value, new BinaryWriter()).finish();
}

/**
 * Reads a message. Throws `llb/not-a-definition` for bytes that are none, and for a field that the
 * form does not know: it may change what the message means. An open form skips such a field.
 */
export function decode<M extends AnyMessage>(form: M, bytes: Uint8Array): ValueOf<M> {
  const fields = new Map(
    Object.entries(form.fields).map(([name, field]) => [field.number, { name, field: field as unknown as Field<unknown> }]),
  );
  const found: Record<string, unknown> = {};
  const reader = new BinaryReader(bytes, strictText);
  let oneof: string | undefined;
  while (reader.pos < reader.len) {
    const [number, type] = guarded(form.name, () => reader.tag());
    const known = fields.get(number);
    if (!known && form.open) {
      guarded(form.name, () => reader.skip(type, number));
      continue;
    }
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
export const one = <M extends AnyMessage>(number: number, form: M): Field<ValueOf<M>> => single(number, messageType(form));
export const many = <M extends AnyMessage>(number: number, form: M): Field<readonly ValueOf<M>[]> => repeated(number, messageType(form));

export const texts = (number: number): Field<ReadonlyMap<string, string>> => mapped(number, TEXT);
export const flags = (number: number): Field<ReadonlyMap<string, boolean>> => mapped(number, BOOL);
export const messages = <M extends AnyMessage>(number: number, form: M): Field<ReadonlyMap<string, ValueOf<M>>> =>
  mapped(number, messageType(form));

function messageType<M extends AnyMessage>(form: M): Type<ValueOf<M>> {
  return {
    wire: WireType.LengthDelimited,
    isDefault: () => false,
    put: (writer, value) => writeFields(form, value, writer.fork()).join(),
    take: (reader) => decode(form, reader.bytes()),
  };
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
