import test from "ava";
import { formatTimeSpan, parseTimeSpan } from "../../../core/text/time-span.js";
import { looksSecret } from "../../../core/text/secret-names.js";

test("durations: several units, days and weeks, fractions", (t) => {
  const read = ["24h", "1h30m", "7d", "2w", "500ms", "1.5s", "0s", "", "5", "h", "1h 30m", "-1h", "1y"].map(parseTimeSpan);
  t.deepEqual(read, [86_400_000, 5_400_000, 604_800_000, 1_209_600_000, 500, 1500, 0, ...Array.from({ length: 6 }, () => undefined)]);
});

test("durations are said in the largest unit that divides them", (t) => {
  t.deepEqual([86_400_000, 5_400_000, 1500, 7000, 0].map(formatTimeSpan), ["24h", "90m", "1500ms", "7s", "0ms"]);
});

test("names of secrets", (t) => {
  const secret = ["TOKEN", "API_KEY", "DB_PASSWORD", "github_token", "AUTH"];
  t.deepEqual([...secret, "PATH", "MONKEY", "PUBLIC_KEY", "KEY_FILE", "AUTHOR"].filter(looksSecret), secret);
});
