/**
 * Writes values of DER, the encoding of certificates (X.690). Node reads certificates and signs
 * bytes; what is written here is the form between.
 */
function value(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(size: number): readonly number[] {
  if (size < 0x80) return [size];
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => value(0x30, ...parts);

export const set = (...parts: readonly Uint8Array[]): Buffer => value(0x31, ...parts);

export const octets = (content: Uint8Array): Buffer => value(0x04, content);

export const text = (content: string): Buffer => value(0x0c, Buffer.from(content));

export const yes = (): Buffer => value(0x01, Buffer.from([0xff]));

/** Returns a value with a tag of the context, of other values or (`plain`) of bytes. */
export const tagged = (number: number, ...parts: readonly Uint8Array[]): Buffer => value(0xa0 | number, ...parts);
export const plain = (number: number, content: Uint8Array): Buffer => value(0x80 | number, content);

/** Returns a number of at least 0, given as big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const least = first < 0 ? Buffer.from([0]) : bytes.subarray(first);
  return value(0x02, ...((least[0] as number) >= 0x80 ? [Buffer.from([0])] : []), least);
}

/** Returns bits; `unused` of the last byte are none. */
export const bits = (content: Uint8Array, unused = 0): Buffer => value(0x03, Buffer.from([unused]), content);

/** Returns the name of an object, such as `2.5.29.17`. */
export function objectName(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return value(0x06, Buffer.from([first * 40 + second, ...others.flatMap(base128)]));
}

function base128(number: number): number[] {
  const bytes = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128));
  return bytes;
}

/** Returns a time to the second, which is before 2050. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\..*/g, "");
  return value(0x17, Buffer.from(`${digits.slice(2)}Z`));
}
