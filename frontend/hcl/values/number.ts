/**
 * A number of HCL: an exact fraction in lowest terms. Note that HCL computes with 512 bits, because
 * versions and sizes are to come out as they were written: `0.1 + 0.2` is 0.3.
 */
export class Fraction {
  static readonly ZERO: Fraction = new Fraction({ numerator: 0n, denominator: 1n });

  readonly numerator: bigint;
  /** Positive, and without a common divisor with the numerator. */
  readonly denominator: bigint;

  private constructor({ numerator, denominator }: { readonly numerator: bigint; readonly denominator: bigint }) {
    this.numerator = numerator;
    this.denominator = denominator;
  }

  static of(numerator: bigint | number, denominator = 1n): Fraction {
    let top = BigInt(numerator);
    let bottom = denominator;
    if (bottom < 0n) [top, bottom] = [-top, -bottom];
    const common = greatestDivisor(top < 0n ? -top : top, bottom);
    return new Fraction({ numerator: top / common, denominator: bottom / common });
  }

  /**
   * Reads `12`, `-1.5e3`. Returns undefined for another text, and for an exponent beyond 10,000.
   */
  static parse(text: string): Fraction | undefined {
    const found = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
    if (!found) return undefined;
    const [, sign, whole, decimals = "", exponent = "0"] = found;
    const shift = Number(exponent) - decimals.length;
    if (Math.abs(shift) > MOST_DIGITS) return undefined;
    const digits = BigInt(`${whole}${decimals}`) * (sign === "-" ? -1n : 1n);
    return shift >= 0 ? Fraction.of(digits * 10n ** BigInt(shift)) : Fraction.of(digits, 10n ** BigInt(-shift));
  }

  /** Returns a double's exact value. The double is finite. */
  static fromDouble(value: number): Fraction {
    if (Number.isInteger(value)) return Fraction.of(BigInt(value));
    let scale = 1n;
    let scaled = value;
    while (!Number.isInteger(scaled)) {
      scaled *= 2;
      scale *= 2n;
    }
    return Fraction.of(BigInt(scaled), scale);
  }

  get isInteger(): boolean {
    return this.denominator === 1n;
  }

  get sign(): number {
    return this.numerator === 0n ? 0 : this.numerator < 0n ? -1 : 1;
  }

  plus(other: Fraction): Fraction {
    return Fraction.of(this.numerator * other.denominator + other.numerator * this.denominator, this.denominator * other.denominator);
  }

  negated(): Fraction {
    return new Fraction({ numerator: -this.numerator, denominator: this.denominator });
  }

  minus(other: Fraction): Fraction {
    return this.plus(other.negated());
  }

  times(other: Fraction): Fraction {
    return Fraction.of(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  /** Divides. The divisor is not zero. */
  over(other: Fraction): Fraction {
    return Fraction.of(this.numerator * other.denominator, this.denominator * other.numerator);
  }

  /** Returns the whole part, towards zero. */
  truncated(): bigint {
    return this.numerator / this.denominator;
  }

  floor(): bigint {
    const whole = this.truncated();
    return this.numerator < 0n && !this.isInteger ? whole - 1n : whole;
  }

  compare(other: Fraction): number {
    return this.minus(other).sign;
  }

  /** Returns the nearest number that 512 bits hold. */
  inBits(): Fraction {
    if (this.isInteger || this.sign < 0) return this.isInteger ? this : this.negated().inBits().negated();
    const guess = BITS + this.denominator.toString(2).length - this.numerator.toString(2).length;
    const extra = ((this.numerator << BigInt(guess)) / this.denominator).toString(2).length - BITS;
    const shift = BigInt(guess - extra);
    const scaled = (this.numerator << (shift + 1n)) / this.denominator;
    return Fraction.of((scaled + 1n) >> 1n, 1n << shift);
  }

  toDouble(): number {
    return Number(this.toString());
  }

  /**
   * Returns the decimal digits. A fraction that does not end has as many as 512 bits hold.
   */
  toString(): string {
    if (this.isInteger) return this.numerator.toString();
    if (this.sign < 0) return `-${this.negated().toString()}`;
    const whole = this.truncated();
    // Zeros behind the point do not count as digits.
    const zeros = whole === 0n ? (this.denominator / this.numerator).toString().length - 1 : -whole.toString().length;
    const scale = 10n ** BigInt(Math.max(1, PRECISION + zeros));
    const digits = ((this.numerator * scale * 2n) / this.denominator + 1n) / 2n;
    const text = digits.toString().padStart(scale.toString().length, "0");
    const point = text.length - scale.toString().length + 1;
    return `${text.slice(0, point)}.${text.slice(point)}`.replace(/\.?0+$/, "");
  }
}

/** Bits of a number's digits in HCL. */
const BITS = 512;

/** Decimal digits that 512 bits hold. */
const PRECISION = 154;

/** Digits beyond which a number is refused, so that a short text does not fill the memory. */
const MOST_DIGITS = 10_000;

function greatestDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
