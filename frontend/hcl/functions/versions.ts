import { CallError } from "../evaluate/scope.js";
import { bool } from "../values/value.js";
import { type Functions, ofTexts } from "./define.js";

/** A semantic version. Parts that are not written are 0. */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
  /** Number of parts that are written; the rest, or an `x`, stands for any. */
  readonly written: number;
}

const VERSION = /^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

function parseVersion(text: string): Version | undefined {
  const found = VERSION.exec(text.trim());
  if (!found) return undefined;
  const parts = found.slice(1, 4);
  const any = parts.findIndex((part) => part === undefined || /[xX*]/.test(part));
  const written = any === -1 ? 3 : any;
  const number = (i: number): number => (i < written ? Number(parts[i]) : 0);
  return { numbers: [number(0), number(1), number(2)], pre: found[4]?.split(".") ?? [], written };
}

function compare(a: Version, b: Version): number {
  const numbers = a.numbers.map((value, i) => value - (b.numbers[i] as number)).find((difference) => difference !== 0);
  if (numbers !== undefined) return numbers;
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i++) {
    const order = comparePart(a.pre[i], b.pre[i]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares parts of a pre-release: numbers come before names, and fewer parts before more. */
function comparePart(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x && y) return Number(a) - Number(b);
  return x !== y ? (x ? -1 : 1) : a < b ? -1 : a > b ? 1 : 0;
}

/** Returns the version from which on a range that is written with `written` numbers ends. */
function next({ numbers }: Version, position: number): Version {
  const raised = numbers.map((value, i) => (i < position ? value : i === position ? value + 1 : 0)) as [number, number, number];
  return { numbers: raised, pre: [], written: 3 };
}

/** Returns the first version after all that the written numbers stand for; undefined for `*`. */
function after(version: Version): Version | undefined {
  return version.written === 0 ? undefined : next(version, version.written - 1);
}

function below(version: Version, end: Version | undefined): boolean {
  return end === undefined || compare(version, end) < 0;
}

type Check = (version: Version, wanted: Version) => boolean;

const inside =
  (position: (wanted: Version) => number): Check =>
  (version, wanted) =>
    compare(version, wanted) >= 0 && (wanted.written === 0 || below(version, next(wanted, position(wanted))));

const equal: Check = (version, wanted) =>
  wanted.written === 3 ? compare(version, wanted) === 0 : compare(version, wanted) >= 0 && below(version, after(wanted));
const atLeast: Check = (version, wanted) => compare(version, wanted) >= 0;
const atMost: Check = (version, wanted) => (wanted.written === 3 ? compare(version, wanted) <= 0 : below(version, after(wanted)));
const above: Check = (version, wanted) => {
  const end = after(wanted);
  return wanted.written === 3 ? compare(version, wanted) > 0 : end !== undefined && compare(version, end) >= 0;
};
const caret = inside(({ numbers, written }) => {
  const first = numbers.findIndex((value) => value !== 0);
  return first === -1 ? Math.max(0, written - 1) : first;
});
const tilde = inside(({ written }) => Math.min(1, Math.max(0, written - 1)));

const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["", equal],
  ["=", equal],
  ["!=", (version, wanted) => !equal(version, wanted)],
  [">", above],
  [">=", atLeast],
  ["=>", atLeast],
  ["<", (version, wanted) => compare(version, wanted) < 0],
  ["<=", atMost],
  ["=<", atMost],
  ["~", tilde],
  ["~>", tilde],
  ["^", caret],
]);

/** Returns true when a version is in a range such as `>=1.2, <2 || ^3`. */
function satisfies(text: string, range: string): boolean {
  const version = parseVersion(text);
  if (!version || version.written === 0) throw new CallError(`"${text}" is no version such as 1.2.3`, 0);
  if (range.trim() === "") throw new CallError('"" is no range of versions such as >=1.2, <2', 1);
  const alternatives = range
    .split("||")
    .map((part) => part.replace(/(\S+)\s+-\s+(\S+)/g, ">=$1 <=$2").match(/[=!<>~^]*\s*[^\s,=!<>~^]+/g) ?? []);
  return alternatives.map((terms) => terms.map((term) => holds(version, term, range)).every(Boolean)).some(Boolean);
}

function holds(version: Version, term: string, range: string): boolean {
  const [, operator = "", rest = ""] = /^([=!<>~^]*)\s*(.+)$/.exec(term) ?? [];
  const wanted = parseVersion(rest);
  const check = CHECKS.get(operator);
  if (!wanted || !check) throw new CallError(`"${range}" is no range of versions such as >=1.2, <2`, 1);
  // A pre-release is in a range only when the range names one.
  return (version.pre.length === 0 || wanted.pre.length > 0) && check(version, wanted);
}

export const VERSION_FUNCTIONS: Functions = {
  semvercmp: ofTexts(["version", "constraint"], (version, range) => bool(satisfies(version, range))),
};
