import { randomBytes } from "node:crypto";
import { CallError } from "../evaluate/scope.js";
import { string, textOf } from "../values/value.js";
import { type Functions, define, NUMERIC, TEXT, whole } from "./define.js";

/** Highest cost, which takes some seconds. One more takes twice as long, and a file is foreign. */
const HIGHEST_COST = 14;
const LOWEST_COST = 4;
const DEFAULT_COST = 10;

const SUBKEYS = 18;
const BOX = 256;
const ALPHABET = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Returns words of the fraction of pi, with which Blowfish begins (by Machin's formula). */
function wordsOfPi(count: number): Uint32Array {
  const guard = 64n;
  const one = 1n << (BigInt(count) * 32n + guard);
  const arctangent = (inverse: bigint): bigint => {
    let sum = 0n;
    let sign = 1n;
    for (let power = one / inverse, n = 1n; power !== 0n; power /= inverse * inverse, n += 2n, sign = -sign) sum += (sign * power) / n;
    return sum;
  };
  const pi = 16n * arctangent(5n) - 4n * arctangent(239n);
  const digits = ((pi - 3n * one) >> guard).toString(16).padStart(count * 8, "0");
  return Uint32Array.from({ length: count }, (_, i) => Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16));
}

let start: Uint32Array | undefined;

/** The state of Blowfish: its subkeys, and four boxes behind them. */
class Blowfish {
  readonly #state: Uint32Array;
  left = 0;
  right = 0;

  constructor() {
    start ??= wordsOfPi(SUBKEYS + 4 * BOX);
    this.#state = start.slice();
  }

  /** Encrypts `left` and `right` in place. */
  encrypt(): void {
    const state = this.#state;
    let { left, right } = this;
    for (let i = 0; i < SUBKEYS - 2; i += 2) {
      left ^= state[i] as number;
      right ^= this.#mixed(left) ^ (state[i + 1] as number);
      left ^= this.#mixed(right);
    }
    this.left = right ^ (state[SUBKEYS - 1] as number);
    this.right = left ^ (state[SUBKEYS - 2] as number);
  }

  #mixed(half: number): number {
    const state = this.#state;
    const sum = (state[SUBKEYS + (half >>> 24)] as number) + (state[SUBKEYS + BOX + ((half >>> 16) & 255)] as number);
    const third = state[SUBKEYS + 2 * BOX + ((half >>> 8) & 255)] as number;
    return ((sum ^ third) + (state[SUBKEYS + 3 * BOX + (half & 255)] as number)) | 0;
  }

  /** Mixes a key into the state, and a salt of four words. */
  expand(key: readonly number[], salt: readonly number[]): void {
    const state = this.#state;
    for (let i = 0; i < SUBKEYS; i++) state[i] = (state[i] as number) ^ (key[i] as number);
    this.left = this.right = 0;
    for (let i = 0; i < state.length; i += 2) {
      this.left ^= salt[i % 4] as number;
      this.right ^= salt[(i + 1) % 4] as number;
      this.encrypt();
      state[i] = this.left;
      state[i + 1] = this.right;
    }
  }
}

/** Returns words of bytes, which repeat. */
function words(bytes: Uint8Array, count: number): readonly number[] {
  const byte = (i: number): number => bytes[i % bytes.length] as number;
  return Array.from({ length: count }, (_, i) => (byte(4 * i) << 24) | (byte(4 * i + 1) << 16) | (byte(4 * i + 2) << 8) | byte(4 * i + 3));
}

/** Returns bytes in bcrypt's own base64. */
function encode(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.subarray(i, i + 3);
    const all = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const count = b === undefined ? 2 : c === undefined ? 3 : 4;
    for (let k = 0; k < count; k++) text += ALPHABET[(all >>> (18 - 6 * k)) & 63];
  }
  return text;
}

/** Returns the bcrypt hash of a password of at most 72 bytes, with a salt of 16 bytes. */
export function bcrypt(password: string, cost: number, salt: Uint8Array): string {
  const key = words(Buffer.from(`${password}\0`, "utf8").subarray(0, 72), SUBKEYS);
  const salted = words(salt, SUBKEYS);
  const nothing = [0, 0, 0, 0];
  const cipher = new Blowfish();
  cipher.expand(key, salted);
  for (let i = 2 ** cost; i > 0; i--) {
    cipher.expand(key, nothing);
    cipher.expand(salted, nothing);
  }
  const text = words(Buffer.from("OrpheanBeholderScryDoubt"), 6);
  const hash = Buffer.alloc(24);
  for (let i = 0; i < 6; i += 2) {
    cipher.left = text[i] as number;
    cipher.right = text[i + 1] as number;
    for (let k = 0; k < 64; k++) cipher.encrypt();
    hash.writeInt32BE(cipher.left | 0, 4 * i);
    hash.writeInt32BE(cipher.right | 0, 4 * i + 4);
  }
  return `$2a$${String(cost).padStart(2, "0")}$${encode(salt)}${encode(hash.subarray(0, 23))}`;
}

export const PASSWORD_FUNCTIONS: Functions = {
  bcrypt: define(
    [TEXT("str")],
    (text, given, ...more) => {
      if (more.length > 0) throw new CallError("a text and a cost are all that it takes", 2);
      const cost = given === undefined ? DEFAULT_COST : whole(given, 1);
      if (cost > HIGHEST_COST) throw new CallError(`the cost ${cost} takes too long: it is at most ${HIGHEST_COST} here`, 1);
      const password = textOf(text);
      if (Buffer.byteLength(password) > 72) throw new CallError("a password has at most 72 bytes", 0);
      // A cost that is too low is Go's default, as there.
      return string(bcrypt(password, cost < LOWEST_COST ? DEFAULT_COST : cost, randomBytes(16)));
    },
    NUMERIC("cost"),
  ),
};
