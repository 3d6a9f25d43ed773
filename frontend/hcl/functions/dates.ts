import { parseDuration } from "../../../core/go-values/duration.js";
import { CallError } from "../evaluate/scope.js";
import { Fraction } from "../values/number.js";
import { integer, numberOf, object, string, textOf, type Value } from "../values/value.js";
import { ANY, define, type Functions, NUMERIC, ofTexts, TEXT } from "./define.js";

/** A moment, and the offset from UTC (in minutes) that it is written with. */
interface Moment {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly offset: number;
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

function parseMoment(text: string, argument: number): Moment {
  const [, local, sign, hours, minutes] = RFC3339.exec(text) ?? [];
  const time = Date.parse(`${local}Z`);
  if (local === undefined || Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== local)
    throw new CallError(`"${text}" is no time such as 2006-01-02T15:04:05Z`, argument);
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return { time: time - offset * 60_000, offset };
}

/** Returns the date whose UTC fields are the local ones. */
function local({ time, offset }: Moment): Date {
  return new Date(time + offset * 60_000);
}

function zone(offset: number, colon: string): string {
  const size = Math.abs(offset);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

function rfc3339(moment: Moment): string {
  return `${local(moment).toISOString().slice(0, 19)}${moment.offset === 0 ? "Z" : zone(moment.offset, ":")}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Letters of a date's format, by how many there are of each. */
const VERBS: Readonly<Record<string, (date: Date, offset: number) => string>> = {
  YYYY: (date) => String(date.getUTCFullYear()).padStart(4, "0"),
  YY: (date) => two(date.getUTCFullYear() % 100),
  MMMM: (date) => MONTHS[date.getUTCMonth()] as string,
  MMM: (date) => (MONTHS[date.getUTCMonth()] as string).slice(0, 3),
  MM: (date) => two(date.getUTCMonth() + 1),
  M: (date) => String(date.getUTCMonth() + 1),
  DD: (date) => two(date.getUTCDate()),
  D: (date) => String(date.getUTCDate()),
  EEEE: (date) => DAYS[date.getUTCDay()] as string,
  EEE: (date) => (DAYS[date.getUTCDay()] as string).slice(0, 3),
  hh: (date) => two(date.getUTCHours()),
  h: (date) => String(date.getUTCHours()),
  HH: (date) => two(date.getUTCHours() % 12 || 12),
  H: (date) => String(date.getUTCHours() % 12 || 12),
  AA: (date) => (date.getUTCHours() < 12 ? "AM" : "PM"),
  aa: (date) => (date.getUTCHours() < 12 ? "am" : "pm"),
  mm: (date) => two(date.getUTCMinutes()),
  m: (date) => String(date.getUTCMinutes()),
  ss: (date) => two(date.getUTCSeconds()),
  s: (date) => String(date.getUTCSeconds()),
  ZZZZZ: (_, offset) => zone(offset, ":"),
  ZZZZ: (_, offset) => zone(offset, ""),
  ZZZ: (_, offset) => (offset === 0 ? "UTC" : zone(offset, "")),
  Z: (_, offset) => (offset === 0 ? "Z" : zone(offset, ":")),
};

function formatMoment(format: string, moment: Moment): string {
  const date = local(moment);
  return format.replace(/''|'((?:[^']|'')*)'|'|([a-zA-Z])\2*/g, (found: string, literal?: string) => {
    if (found === "''") return "'";
    if (literal !== undefined) return literal.replaceAll("''", "'");
    const verb = Object.hasOwn(VERBS, found) ? VERBS[found] : undefined;
    if (!verb) throw new CallError(found === "'" ? "a quote is not closed" : `"${found}" is no part of a date's format`, 0);
    return verb(date, moment.offset);
  });
}

/** Reads seconds since the epoch. */
function fromSeconds(value: Value, argument: number): Moment {
  const seconds = numberOf(value);
  const time = Number(seconds.numerator) * 1000;
  if (!seconds.isInteger || Number.isNaN(new Date(time).getTime())) throw new CallError("a whole number of seconds is required", argument);
  return { time, offset: 0 };
}

function fields(moment: Moment): Value {
  const date = local(moment);
  const day = Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000,
  );
  // The week of a date is the week of its Thursday.
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000);
  const week = Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 604_800_000) + 1;
  return object([
    ["year", integer(date.getUTCFullYear())],
    ["year_day", integer(day + 1)],
    ["day", integer(date.getUTCDate())],
    ["month", integer(date.getUTCMonth() + 1)],
    ["month_name", string(MONTHS[date.getUTCMonth()] as string)],
    ["weekday", integer(date.getUTCDay())],
    ["weekday_name", string(DAYS[date.getUTCDay()] as string)],
    ["hour", integer(date.getUTCHours())],
    ["minute", integer(date.getUTCMinutes())],
    ["second", integer(date.getUTCSeconds())],
    ["rfc3339", string(rfc3339(moment))],
    ["iso_year", integer(thursday.getUTCFullYear())],
    ["iso_week", integer(week)],
  ]);
}

function formatTimestamp(format: string, time: Value): Value {
  if (time.data === null || (time.type.kind !== "string" && time.type.kind !== "number"))
    throw new CallError("a time or a number of seconds is required", 1);
  const moment = time.data instanceof Fraction ? fromSeconds(time, 1) : parseMoment(textOf(time), 1);
  return string(format === "X" ? String(Math.floor(moment.time / 1000)) : formatMoment(format, moment));
}

/** Returns the functions of time. `now` gives milliseconds since the epoch. */
export function dateFunctions(now: () => number): Functions {
  return {
    timestamp: define([], () => string(rfc3339({ time: now(), offset: 0 }))),
    timeadd: ofTexts(["timestamp", "duration"], (time, duration) => {
      const moment = parseMoment(time, 0);
      const nanoseconds = parseDuration(duration);
      if (nanoseconds === undefined) throw new CallError(`"${duration}" is no duration such as 1h30m`, 1);
      return string(rfc3339({ ...moment, time: moment.time + nanoseconds / 1e6 }));
    }),
    formatdate: ofTexts(["format", "time"], (format, time) => string(formatMoment(format, parseMoment(time, 1)))),
    formattimestamp: define([TEXT("format"), ANY("time")], (format, time) => formatTimestamp(textOf(format), time)),
    unixtimestampparse: define([NUMERIC("unix_timestamp")], (seconds) => fields(fromSeconds(seconds, 0))),
  };
}
