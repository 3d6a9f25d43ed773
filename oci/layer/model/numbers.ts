/** Numbers as plain data, one beside the other, in the fewest bytes that hold them all. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array;

const KINDS = [Uint8Array, Uint16Array, Uint32Array] as const;

/** Takes numbers one after the other. */
export class NumbersBuilder {
  #numbers: Numbers = new Uint8Array(16);
  #length = 0;

  push(value: number): void {
    const { length } = this.#numbers;
    if (this.#length === length) this.#grow(kindFor(value, this.#numbers), length * 2);
    else if (!holds(this.#numbers, value)) this.#grow(kindFor(value, this.#numbers), length);
    this.#numbers[this.#length++] = value;
  }

  pushAll(values: Numbers): void {
    // The widest of them decides for all: the kind of the result depends on the numbers alone.
    let most = 0;
    for (let index = 0; index < values.length; index++) {
      const value = values[index] as number;
      if (value > most) most = value;
      else if (value < 0) most = Infinity;
    }
    const needed = this.#length + values.length;
    if (needed > this.#numbers.length || !holds(this.#numbers, most))
      this.#grow(
        kindFor(most, this.#numbers),
        Math.max(needed, needed > this.#numbers.length ? this.#numbers.length * 2 : this.#numbers.length),
      );
    this.#numbers.set(values, this.#length);
    this.#length = needed;
  }

  at(index: number): number {
    return this.#numbers[index] as number;
  }

  /** Returns the numbers. No more may be pushed. */
  numbers(): Numbers {
    return this.#numbers.slice(0, this.#length);
  }

  #grow(Kind: Kind, length: number): void {
    const grown = new Kind(length);
    grown.set(this.#numbers.subarray(0, this.#length));
    this.#numbers = grown;
  }
}

export function numbersOf(values: readonly number[]): Numbers {
  const builder = new NumbersBuilder();
  for (const value of values) builder.push(value);
  return builder.numbers();
}

type Kind = (typeof KINDS)[number] | Float64ArrayConstructor;

/** Returns the narrowest kind that holds a value and everything that the present one holds. */
function kindFor(value: number, present: Numbers): Kind {
  const width = present.BYTES_PER_ELEMENT;
  return KINDS.find((kind) => kind.BYTES_PER_ELEMENT >= width && fits(value, kind.BYTES_PER_ELEMENT)) ?? Float64Array;
}

function holds(numbers: Numbers, value: number): boolean {
  return numbers.BYTES_PER_ELEMENT === 8 || fits(value, numbers.BYTES_PER_ELEMENT);
}

function fits(value: number, bytes: number): boolean {
  return value >= 0 && value < 2 ** (8 * bytes) && Number.isInteger(value);
}
