import test from "ava";
import { parseBoolean } from "../../../core/go-values/boolean.js";
import { parseCsv } from "../../../core/go-values/csv.js";
import { formatDuration, parseDuration } from "../../../core/go-values/duration.js";
import { plainList, quote, quoteList } from "../../../core/go-values/quote.js";
import { parseSize } from "../../../core/go-values/size.js";

// The tables hold the answers of docker 28.2 for `create --init=`, `--shm-size=`,
// `--health-interval=` and `--mount=`, and the rows of go-units and go-csvvalue. Undefined means
// refused.

const KIB = 1024;
const MIB = 1024 ** 2;

const BOOLEANS: Readonly<Record<string, boolean | undefined>> = {
  ...Object.fromEntries(["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true])),
  ...Object.fromEntries(["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false])),
  ...Object.fromEntries(["", "tRuE", "yes", "on", "off", " true", "true ", "2"].map((text) => [text, undefined])),
};

const SIZES: readonly (readonly [string, number | undefined])[] = [
  ...["32", "32b", "32B", "32 ", "32 b", "32.", "32.3", "32.5 B", "+32"].map((text) => [text, 32] as const),
  ...["32k", "32K", "32kb", "32Kb", "32KB", "32kib", "32KIB", "32 KiB", "32e3k"].map(
    (text) => [text, text.includes("e") ? 32_000 * KIB : 32 * KIB] as const,
  ),
  ["32Mb", 32 * MIB],
  ["32Gb", 32 * 1024 ** 3],
  ["32Tb", 32 * 1024 ** 4],
  ["1P", 1024 ** 5],
  ["32.3 mb", Math.floor(32.3 * MIB)],
  ["0.3MB", Math.floor(0.3 * MIB)],
  [".3kB", 307],
  ["0", 0],
  ["0. ", 0],
  ["1e3", 1000],
  ...["", "hello", ".", " ", "k", "-32", "-1k", " 32", "32  k", "32m b", "32bm", "32kk", "5ib", "5iB"].map(
    (text) => [text, undefined] as const,
  ),
  ...["1.2.3", "0x10", "1_000", "1e", "32e", "32\n"].map((text) => [text, undefined] as const),
];

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ["1h30m", 5400e9],
  ["1h2m3s", 3723e9],
  ["500ms", 5e8],
  ["1.5s", 15e8],
  [".5s", 5e8],
  ["1.s", 1e9],
  ["1us", 1000],
  ["1µs", 1000],
  ["1μs", 1000],
  ["1ns", 1],
  ["0", 0],
  ["+0", 0],
  ["-0", 0],
  ["-1m", -60e9],
  ["+1m", 60e9],
  ["2562047h", 2562047 * 3600e9],
  ...["", "1", "s", "-", ".s", "1d", "1 s", "1s1", "1S", "1e3s", "1h 30m", "--1s", "1s\n", "2562048h"].map(
    (text) => [text, undefined] as const,
  ),
];

const LINES: readonly (readonly [string, readonly string[] | undefined])[] = [
  ["foo,bar,baz", ["foo", "bar", "baz"]],
  ["foo,bar\n", ["foo", "bar"]],
  ["foo,bar\r\n", ["foo", "bar"]],
  [" ", [" "]],
  ["   foo,bar", ["   foo", "bar"]],
  ["", [""]],
  ['a,"b,cc ,ddd",e', ["a", "b,cc ,ddd", "e"]],
  ['""', [""]],
  ['a,"foo""",c', ["a", 'foo"', "c"]],
  ['"""a""",b', ['"a"', "b"]],
  ["a,,b", ["a", "", "b"]],
  ["a,b,", ["a", "b", ""]],
  ['"a",', ["a", ""]],
  [",a", ["", "a"]],
  [",,", ["", "", ""]],
  ['"a",b,"c"', ["a", "b", "c"]],
  ['type=docker,"config={""Entrypoint"":[""/init"", ""--log""]}"', ["type=docker", 'config={"Entrypoint":["/init", "--log"]}']],
  ...['"', '"""', 'foo,aa"bb,cc', 'a""b,c', 'a "word","b"', '"a word",b"', '"a "word","b"', '"a"x,b', 'a,"b', 'src="/a,b'].map(
    (text) => [text, undefined] as const,
  ),
];

test("booleans: reads what docker reads and refuses the rest", (t) => {
  for (const [text, value] of Object.entries(BOOLEANS)) t.is(parseBoolean(text), value, JSON.stringify(text));
});

test("sizes: reads what docker reads and refuses the rest", (t) => {
  for (const [text, bytes] of SIZES) t.is(parseSize(text), bytes, JSON.stringify(text));
});

test("sizes: refuses more bytes than a number can count", (t) => {
  for (const text of ["8p", "9007199254740992", "99999999999999999999", "1e30", "1e999"]) t.is(parseSize(text), undefined, text);
  t.is(parseSize("9007199254740991"), Number.MAX_SAFE_INTEGER);
});

test("durations: reads what docker reads and refuses the rest", (t) => {
  for (const [text, nanoseconds] of DURATIONS) t.is(parseDuration(text), nanoseconds, JSON.stringify(text));
});

test("durations: prints them as Go does", (t) => {
  const printed = [0, 5e8, 90e9, 3600e9, 1500, 15e8, -60e9, 1].map(formatDuration);
  t.deepEqual(printed, ["0s", "500ms", "1m30s", "1h0m0s", "1.5µs", "1.5s", "-1m0s", "1ns"]);
});

test("lines of CSV: reads what docker reads and refuses the rest", (t) => {
  for (const [text, fields] of LINES) {
    const line = parseCsv(text);
    t.deepEqual("fields" in line ? line.fields : undefined, fields, JSON.stringify(text));
  }
});

test("lines of CSV: says why a line is refused", (t) => {
  t.deepEqual(parseCsv('a,"b'), { problem: "a quote is not closed" });
  t.deepEqual(parseCsv('"a"x'), { problem: "text follows a closing quote" });
  t.deepEqual(parseCsv('a"b'), { problem: "a quote stands inside a field" });
});

test("quotes: writes texts as Go's %q does", (t) => {
  t.is(quote('a"\n\u0001é\u200b'), '"a\\"\\n\\x01é\\u200b"');
  t.is(quote("\u007f\u0080\u{e0001}😀\\\t "), '"\\x7f\\u0080\\U000e0001😀\\\\\\t "');
  t.is(quoteList(["a", "b c"]), '["a" "b c"]');
  t.is(plainList(["a", "b c"]), "[a b c]");
});
