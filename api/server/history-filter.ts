import { parseCsv } from "../../core/go-values/csv.js";
import { parseMilliseconds } from "../../core/go-values/duration.js";
import { milliseconds } from "../../solver/buildkit/messages/common.js";
import { badFilter } from "./errors.js";
import type { HistoryRecord } from "./build-watch.js";
import { parseRecordFilters } from "./record-filter.js";

type Test = (record: HistoryRecord) => boolean;

/**
 * Reads the filters of a history: a line of comma-separated fields each, of which a record has to
 * pass all. `startedAt`, `completedAt` and `duration` are compared with a duration, the first two
 * with a date as well; `ref`, `status` and `repository` are matched as those of records are.
 */
export function parseHistoryFilters(texts: readonly string[], now: number): Test {
  if (texts.length === 0) return () => true;
  const tests = texts.map((text) => testOf(text, now));
  return (record) => tests.some((passes) => passes(record));
}

function testOf(text: string, now: number): Test {
  const line = parseCsv(text);
  if ("problem" in line) throw badFilter(text);
  const times: Test[] = [];
  const others: string[] = [];
  for (const field of line.fields) {
    const test = timeTest(field, now);
    if (test) times.push(test);
    else others.push(field);
  }
  const passes = parseRecordFilters([others.join(",")], fieldOf);
  return (record) => times.every((test) => test(record)) && passes(record);
}

const COMPARE: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  ">=": (value, limit) => value >= limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  "<": (value, limit) => value < limit,
};

/** Returns the test of a field that is compared; undefined for another field. */
function timeTest(field: string, now: number): Test | undefined {
  const [, key = "", operator = "", value = ""] = /^(startedAt|completedAt|duration)(>=|<=|>|<)(.*)$/su.exec(field) ?? [];
  const compare = COMPARE[operator];
  if (!compare) return undefined;
  const span = parseMilliseconds(value);
  const limit = key === "duration" ? span : span === undefined ? dateOf(value) : now - span;
  if (limit === undefined) throw badFilter(field);
  return (record) => compare(timeOf(record, key), limit);
}

function dateOf(text: string): number | undefined {
  const date = /^\d{4}-\d\d-\d\dT/u.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}

/** Returns a time of a record. A build that runs has neither an end nor a duration. */
function timeOf({ CreatedAt, CompletedAt }: HistoryRecord, key: string): number {
  const started = milliseconds(CreatedAt ?? {});
  if (key === "startedAt") return started;
  if (CompletedAt === undefined) return 0;
  return key === "completedAt" ? milliseconds(CompletedAt) : milliseconds(CompletedAt) - started;
}

function fieldOf(record: HistoryRecord, field: string): string | undefined {
  if (field === "ref") return record.Ref;
  if (field === "status") return statusOf(record);
  if (field === "repository") return record.FrontendAttrs?.get("vcs:source") ?? repositoryOf(record.FrontendAttrs?.get("context"));
  return undefined;
}

function statusOf({ CompletedAt, error }: HistoryRecord): string {
  if (CompletedAt === undefined) return "running";
  if (!error) return "completed";
  return error.message?.includes("context canceled") === true ? "canceled" : "error";
}

/** Returns the repository of a context from git, without its branch and directory. */
function repositoryOf(context: string | undefined): string | undefined {
  return context !== undefined && /^(?:https?|ssh|git):\/\/|^[^/]+@[^/]+:/u.test(context) ? context.replace(/[#?].*$/su, "") : undefined;
}
