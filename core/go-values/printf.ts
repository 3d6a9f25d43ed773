import { quote } from "./quote.js";

/** One conversion of a format: flags, width, precision and verb. */
interface Conversion {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

/** Greatest width and precision, as in Go. */
const WIDEST = 1_000_000;

const CONVERSION = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.)?/gsu;

/**
 * Formats values as Go's `fmt.Sprintf` does. A value that does not fit its verb, a missing one and
 * one too many are shown in the text, as there. `plain` returns the text of `%v`.
 */
export function goPrintf(format: string, values: readonly unknown[], plain: (value: unknown) => string): string {
  let at = 0;
  const star = (): number | undefined => {
    const value = values[at++];
    return typeof value === "number" && Math.abs(value) <= WIDEST ? Math.trunc(value) : undefined;
  };
  const size = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    return text === "*" ? star() : Math.min(Number(text), WIDEST);
  };
  const out = format.replace(
    CONVERSION,
    (_: string, flags: string, width: string | undefined, precision: string | undefined, verb: string | undefined) => {
      if (verb === "%") return "%";
      const given = size(width);
      const left = given !== undefined && given < 0;
      const conversion: Conversion = {
        flags: left ? `${flags}-` : flags,
        width: given === undefined ? undefined : Math.abs(given),
        precision: size(precision),
        verb: verb ?? "",
      };
      if (verb === undefined) return "%!(NOVERB)";
      if (at >= values.length) return `%!${verb}(MISSING)`;
      return convert(values[at++], conversion, plain);
    },
  );
  const extra = values.slice(at).map((value) => `${typeOf(value)}=${plain(value)}`);
  return extra.length === 0 ? out : `${out}%!(EXTRA ${extra.join(", ")})`;
}

function convert(value: unknown, conversion: Conversion, plain: (value: unknown) => string): string {
  const text =
    Array.isArray(value) && !"vT".includes(conversion.verb)
      ? `[${value.map((item) => body(item, conversion, plain)).join(" ")}]`
      : body(value, conversion, plain);
  return padded(text, conversion, typeof value === "number");
}

function body(value: unknown, conversion: Conversion, plain: (value: unknown) => string): string {
  const { verb, flags, precision } = conversion;
  if (verb === "v") return plain(value);
  if (verb === "T") return typeOf(value);
  if (verb === "t" && typeof value === "boolean") return String(value);
  if (typeof value === "number") return number(value, conversion) ?? wrong(value, verb, plain);
  if (typeof value !== "string") return wrong(value, verb, plain);
  const cut = precision === undefined ? value : [...value].slice(0, precision).join("");
  if (verb === "s") return cut;
  if (verb === "q") return quote(cut);
  if (verb !== "x" && verb !== "X") return wrong(value, verb, plain);
  const hex = Buffer.from(cut, "utf8").toString("hex");
  const spaced = flags.includes(" ") ? hex.replace(/(..)(?=.)/g, "$1 ") : hex;
  return verb === "X" ? spaced.toUpperCase() : spaced;
}

const BASES: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8, x: 16, X: 16 };

function number(value: number, { verb, flags, precision }: Conversion): string | undefined {
  const sign = value < 0 ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const size = Math.abs(value);
  const base = BASES[verb];
  if (base !== undefined && Number.isInteger(value)) {
    const digits = size.toString(base).padStart(Math.min(precision ?? 0, 100), "0");
    const prefix = flags.includes("#") && base === 16 ? "0x" : flags.includes("#") && base === 8 ? "0" : "";
    return `${sign}${verb === "X" ? `${prefix}${digits}`.toUpperCase() : `${prefix}${digits}`}`;
  }
  const places = Math.min(precision ?? 6, 100);
  if (verb === "f" || verb === "F") return `${sign}${size.toFixed(places)}`;
  if (verb === "e") return `${sign}${size.toExponential(places).replace(/e([+-])(\d)$/, "e$10$2")}`;
  if (verb === "g") return `${sign}${precision === undefined ? String(size) : String(Number(size.toPrecision(Math.max(1, places))))}`;
  if (verb === "c" && Number.isInteger(value) && value >= 0 && value <= 0x10ffff) return String.fromCodePoint(value);
  return undefined;
}

function padded(text: string, { width, flags }: Conversion, numeric: boolean): string {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || !numeric) return " ".repeat(missing) + text;
  const sign = /^[-+ ]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function wrong(value: unknown, verb: string, plain: (value: unknown) => string): string {
  return `%!${verb}(${typeOf(value)}=${plain(value)})`;
}

function typeOf(value: unknown): string {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (value === null || value === undefined) return "<nil>";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
