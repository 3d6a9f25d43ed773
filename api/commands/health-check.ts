import { MILLISECOND, parseMilliseconds } from "../../core/go-values/duration.js";
import type { ContainerConfig } from "../../oci/types.js";
import type { HealthOptions } from "../options/services/types.js";
import { badRunOption } from "./errors.js";

/** A health check, in milliseconds. */
export interface HealthCheck {
  readonly words: readonly string[];
  /** Time between two checks, and before the first. */
  readonly interval: number;
  /** Time that one check may take. */
  readonly timeout: number;
  /** Time from the start on in which failures count nothing. */
  readonly startPeriod: number;
  /** Interval during the start period. */
  readonly startInterval: number;
  readonly retries: number;
}

/** Defaults of docker. */
const DEFAULTS = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 } as const;
const SHELL = ["/bin/sh", "-c"] as const;

/** Returns the check of an image; undefined without one. Nothing and 0 mean docker's default. */
export function healthCheckOf(config: ContainerConfig, options: HealthOptions = {}): HealthCheck | undefined {
  const { Healthcheck: own = {} } = config;
  const words = options.command === undefined ? wordsOf(own.Test ?? [], config) : wordsOf(["CMD-SHELL", options.command || ""], config);
  if (words.length === 0) return undefined;
  const time = (given: string | undefined, nanoseconds: number | undefined, otherwise: number): number =>
    (given === undefined ? (nanoseconds ?? 0) / MILLISECOND : milliseconds(given)) || otherwise;
  return {
    words,
    interval: time(options.interval, own.Interval, DEFAULTS.interval),
    timeout: time(options.timeout, own.Timeout, DEFAULTS.timeout),
    startPeriod: time(options.startPeriod, own.StartPeriod, DEFAULTS.startPeriod),
    startInterval: time(options.startInterval, own.StartInterval, DEFAULTS.startInterval),
    retries: (options.retries ?? own.Retries ?? 0) || DEFAULTS.retries,
  };
}

function wordsOf([kind, ...words]: readonly string[], { Shell: shell = SHELL }: ContainerConfig): readonly string[] {
  if (kind === "CMD") return words;
  return kind === "CMD-SHELL" && words[0] ? [...shell, words[0]] : [];
}

/** Throws UsageError `run/option` for a part of no meaning. */
export function checkHealthOptions({ interval, timeout, startPeriod, startInterval, retries = 0 }: HealthOptions): void {
  for (const text of [interval, timeout, startPeriod, startInterval]) if (text !== undefined) milliseconds(text);
  if (!Number.isSafeInteger(retries) || retries < 0) throw badRunOption(`${retries} is no number of failures of a health check`);
}

function milliseconds(text: string): number {
  const time = parseMilliseconds(text);
  if (time === undefined) throw badRunOption(`"${text}" is no duration: expected 500ms, 10s or 1m30s`);
  return time;
}
