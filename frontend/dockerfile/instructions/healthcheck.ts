import { formatDuration, parseDuration } from "../../../core/go-values/duration.js";
import { plainList } from "../../../core/go-values/quote.js";
import type { Healthcheck } from "../../../oci/types.js";
import type { Flag, NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { markUsed } from "../stage/used-once.js";
import { bind } from "./bind.js";

/** Shortest duration that Docker takes, in nanoseconds. */
const SHORTEST = 1_000_000;

/** Checks `HEALTHCHECK [options] CMD command` or `HEALTHCHECK NONE`. */
export function checkHealthcheck(node: NodeOf<"healthcheck">, report: Report): BoundInstruction | undefined {
  const health = readHealthcheck(node, report);
  if (!health) return undefined;
  return bind(node, (at) => {
    markUsed(at, "healthcheck");
    at.stage.image = updated(at.stage.image, { Healthcheck: health });
    at.commit(`HEALTHCHECK ${format(health)}`);
  });
}

function readHealthcheck(node: NodeOf<"healthcheck">, report: Report): Healthcheck | undefined {
  const flags = readFlags(
    node,
    { interval: "string", timeout: "string", "start-period": "string", "start-interval": "string", retries: "string" },
    report,
  );
  const { type, command } = node;
  if (!type) {
    report.add(errors.missingArguments("HEALTHCHECK", "CMD and a command, or NONE", node.range));
    return undefined;
  }
  const kind = type.text.toUpperCase();
  if (kind === "NONE") {
    if (command) report.add(errors.healthcheckNone(command.range));
    return command ? undefined : { Test: ["NONE"] };
  }
  if (kind !== "CMD") {
    report.add(errors.healthcheckType(type.text, type.range));
    return undefined;
  }
  const args = command?.form === "shell" ? [command.text] : (command?.args.map((word) => word.text) ?? []);
  if (args.length === 0) {
    report.add(errors.missingArguments("HEALTHCHECK CMD", "a command", node.range));
    return undefined;
  }
  if (!flags) return undefined;
  const before = report.problems.length;
  const health: Healthcheck = {
    Test: [command?.form === "exec" ? "CMD" : "CMD-SHELL", ...args],
    ...member("Interval", duration("interval", flags.interval, report)),
    ...member("Timeout", duration("timeout", flags.timeout, report)),
    ...member("StartPeriod", duration("start-period", flags["start-period"], report)),
    ...member("StartInterval", duration("start-interval", flags["start-interval"], report)),
    ...member("Retries", retries(flags.retries, report)),
  };
  return report.problems.length === before ? health : undefined;
}

/** Returns a member, without zero, which stands for the default. */
function member(name: keyof Healthcheck, value: number): Healthcheck {
  return value === 0 ? {} : { [name]: value };
}

function duration(name: string, flag: Flag | undefined, report: Report): number {
  if (!flag?.value) return 0;
  const nanoseconds = parseDuration(flag.value);
  if (nanoseconds === undefined || (nanoseconds !== 0 && nanoseconds < SHORTEST)) {
    report.add(errors.invalidDuration(name, flag.value, flag.valueRange));
    return 0;
  }
  return nanoseconds;
}

function retries(flag: Flag | undefined, report: Report): number {
  if (!flag?.value) return 0;
  if (!/^\+?\d{1,9}$/.test(flag.value)) report.add(errors.invalidCount("retries", flag.value, flag.valueRange));
  return Number(flag.value) || 0;
}

function format(health: Healthcheck): string {
  const time = (nanoseconds: number | undefined): string => formatDuration(nanoseconds ?? 0);
  return (
    `{Test:${plainList(health.Test ?? [])} Interval:${time(health.Interval)} Timeout:${time(health.Timeout)} ` +
    `StartPeriod:${time(health.StartPeriod)} StartInterval:${time(health.StartInterval)} Retries:${health.Retries ?? 0}}`
  );
}
