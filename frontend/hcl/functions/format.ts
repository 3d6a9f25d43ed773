import { CallError } from "../evaluate/scope.js";
import { convert, MismatchError } from "../values/convert.js";
import { toJson, quoted } from "../values/json.js";
import { Fraction } from "../values/number.js";
import { BOOL, isSequence, NUMBER, STRING } from "../values/type.js";
import { list, members, numberOf, string, textOf, type Value } from "../values/value.js";
import { ANY_OR_NULL, define, type Functions, TEXT } from "./define.js";
import { letters } from "./text.js";

const VERB = /%(?:%|([ +\-0#]*)(\d+)?(?:\.(\d+))?(?:\[(\d+)\])?([a-zA-Z])?)/g;

interface Verb {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly letter: string;
}

/** Formats values by a text of Go's kind: `%s-%03d`. Throws {@link CallError}. */
function format(text: string, values: readonly Value[]): string {
  let next = 0;
  let highest = 0;
  const made = text.replace(VERB, (whole: string, flags: string, width?: string, precision?: string, index?: string, letter?: string) => {
    if (whole === "%%") return "%";
    if (!letter) throw new CallError(`"${whole}" is no verb`, 0);
    if (index !== undefined) next = Number(index) - 1;
    const value = values[next];
    if (!value) throw new CallError(`"${whole}" needs argument ${next + 1}, and there are ${values.length}`, 0);
    highest = Math.max(highest, ++next);
    try {
      return formatted(
        { flags, width: Number(width ?? 0), precision: precision === undefined ? undefined : Number(precision), letter },
        value,
      );
    } catch (error) {
      throw error instanceof MismatchError ? new CallError(`${error.message} for "${whole}"`, next) : error;
    }
  });
  if (highest < values.length && !text.includes("["))
    throw new CallError(`there are ${values.length} values for ${highest} verbs`, highest + 1);
  return made;
}

function formatted(verb: Verb, value: Value): string {
  const { letter } = verb;
  if (letter === "v") return padded(verb, plain(verb, value));
  if (value.data === null) throw new MismatchError("a value is required, and this is null");
  if (letter === "t") return String(convert(value, BOOL).data);
  if (letter === "s" || letter === "q") {
    const text = textOf(convert(value, STRING));
    const cut = verb.precision ? letters(text).slice(0, verb.precision).join("") : text;
    return padded(verb, letter === "q" ? quoted(cut) : cut);
  }
  const number = "bdoxXeEfgG".includes(letter) ? numberOf(convert(value, NUMBER)) : undefined;
  if (!number) throw new MismatchError(`there is no verb "${letter}"`);
  const digits = "bdoxX".includes(letter) ? integerDigits(letter, number) : decimalDigits(verb, number);
  return signed(verb, digits);
}

function plain({ flags }: Verb, value: Value): string {
  if (flags.includes("#") || value.data === null) return toJson(value);
  if (value.type.kind === "string") return textOf(value);
  return value.type.kind === "number" ? shortest(numberOf(value)) : toJson(value);
}

const BASES: Readonly<Record<string, number>> = { b: 2, d: 10, o: 8, x: 16, X: 16 };

function integerDigits(letter: string, number: Fraction): string {
  if (!number.isInteger) throw new MismatchError("a whole number is required");
  const digits = number.numerator.toString(BASES[letter]);
  return letter === "X" ? digits.toUpperCase() : digits;
}

function decimalDigits({ letter, precision }: Verb, number: Fraction): string {
  const lower = letter.toLowerCase();
  const digits =
    lower === "f"
      ? fixed(number, precision ?? 6)
      : lower === "e"
        ? exponent(number.toDouble().toExponential(precision ?? 6))
        : precision === undefined
          ? shortest(number)
          : exponent(general(number.toDouble(), precision));
  return letter === lower ? digits : digits.toUpperCase();
}

/**
 * Returns a number with this many decimals. Note that the number is taken as 512 bits hold it, as
 * Go does, because these bits decide the direction in which a half is rounded.
 */
function fixed(number: Fraction, decimals: number): string {
  const scale = 10n ** BigInt(Math.min(decimals, 1000));
  const scaled = number.inBits().times(Fraction.of(scale * 2n));
  const rounded = (scaled.sign < 0 ? scaled.negated() : scaled).plus(Fraction.of(1)).truncated() / 2n;
  const text = rounded.toString().padStart(decimals + 1, "0");
  const sign = number.sign < 0 ? "-" : "";
  return decimals === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

/** Returns all digits, from a million on and below 0.0001 with an exponent, as Go does. */
function shortest(number: Fraction): string {
  const text = number.toString();
  const whole = text.replace(/^-/, "").split(".")[0] as string;
  const small = /^-?0\.0000/.test(text);
  if (whole.length <= 6 && !small) return text;
  const [, sign = "", digits = ""] = /^(-?)0*\.?0*(.*)$/.exec(text.replace(".", "")) ?? [];
  const zeros = /^-?0\.(0*)/.exec(text)?.[1] ?? "";
  const power = small ? -(zeros.length + 1) : whole.length - 1;
  const trimmed = digits.replace(/0+$/, "");
  const mantissa = trimmed.length > 1 ? `${trimmed[0]}.${trimmed.slice(1)}` : trimmed;
  return exponent(`${sign}${mantissa}e${power < 0 ? "" : "+"}${power}`);
}

function general(value: number, precision: number): string {
  const text = value.toPrecision(Math.min(100, Math.max(1, precision)));
  return text.includes("e") ? text.replace(/\.?0+e/, "e") : text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Writes an exponent with two digits at least. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function signed(verb: Verb, digits: string): string {
  const { flags, width } = verb;
  const sign = digits.startsWith("-") ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const rest = digits.replace(/^-/, "");
  if (flags.includes("-")) return `${sign}${rest}`.padEnd(width);
  return flags.includes("0") ? sign + rest.padStart(width - sign.length, "0") : `${sign}${rest}`.padStart(width);
}

function padded({ flags, width }: Verb, text: string): string {
  const missing = Math.min(width, 10_000) - letters(text).length;
  if (missing <= 0) return text;
  const pad = (flags.includes("0") ? "0" : " ").repeat(missing);
  return flags.includes("-") ? text + pad : pad + text;
}

/** Formats a text for each element of the lists among the values, which are all of one length. */
function formatList(text: string, values: readonly Value[]): Value {
  const lists = values.map((value) => (isSequence(value.type) && value.data !== null ? members(value) : undefined));
  const lengths = new Set(lists.flatMap((items) => (items ? [items.length] : [])));
  if (lengths.size > 1) throw new CallError(`the lists have ${[...lengths].join(" and ")} elements`);
  const [rounds = 1] = lengths;
  return list(
    STRING,
    Array.from({ length: rounds }, (_, round) =>
      string(
        format(
          text,
          values.map((value, i) => lists[i]?.[round] ?? value),
        ),
      ),
    ),
  );
}

export const FORMAT_FUNCTIONS: Functions = {
  format: define([TEXT("format")], (text, ...values) => string(format(textOf(text), values)), ANY_OR_NULL("args")),
  formatlist: define([TEXT("format")], (text, ...values) => formatList(textOf(text), values), ANY_OR_NULL("args")),
};
