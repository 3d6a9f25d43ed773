import type { NodeOf } from "../ast.js";
import * as errors from "../errors/errors.js";
import { updated } from "../values/image-config.js";
import type { BoundInstruction } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";
import { textArgument } from "./text-argument.js";

/** Linux's signals, as Docker knows them. */
const SIGNALS = new Set(
  (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU " +
    "URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
  ).split(" "),
);
/** Checks `STOPSIGNAL signal`: the signal that ends a container. */
export function checkStopsignal(node: NodeOf<"stopsignal">, report: Report): BoundInstruction | undefined {
  const value = textArgument(node, report);
  if (!value) return undefined;
  return bind(node, (at) => {
    const signal = at.expand(value);
    if (!isSignal(signal)) at.fail(errors.invalidSignal(signal, value.range));
    at.stage.image = updated(at.stage.image, { StopSignal: signal });
    at.commit(`STOPSIGNAL ${signal}`);
  });
}

/**
 * Returns true for `SIGTERM`, `TERM`, `RTMIN+3`, or any number but 0: other systems have other
 * signals.
 */
export function isSignal(text: string): boolean {
  if (/^[+-]?\d+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, "");
  const realtime = /^RT(MIN\+|MAX-)(\d+)$/.exec(name);
  if (realtime) return Number(realtime[2]) >= 1 && Number(realtime[2]) <= (realtime[1] === "MIN+" ? 15 : 14);
  return SIGNALS.has(name);
}
