import { isIP } from "node:net";
import { compareCodeUnits } from "../../../core/canonical.js";
import type { NodeOf, Word } from "../ast.js";
import { fixOf, replaceWord } from "../errors/edits.js";
import * as errors from "../errors/errors.js";
import { readFlags } from "../syntax/flags.js";
import { plainList } from "../../../core/go-values/quote.js";
import { ExposeInvalidFormat } from "../lint/rules/expose-invalid-format.js";
import { ExposeProtoCasing } from "../lint/rules/expose-proto-casing.js";
import type { BoundInstruction, InstructionContext } from "../stage/instruction-context.js";
import type { Report } from "../errors/report.js";
import { bind } from "./bind.js";

const LAST_PORT = 65_535;

/**
 * Checks `EXPOSE port[-port][/protocol] …`: metadata. Words are sorted before they are expanded,
 * and may expand to several.
 */
export function checkExpose(node: NodeOf<"expose">, report: Report): BoundInstruction | undefined {
  if (!readFlags(node, {}, report)) return undefined;
  if (node.args.length === 0) {
    report.add(errors.missingArguments("EXPOSE", "at least one port", node.range));
    return undefined;
  }
  const words = [...node.args].sort((a, b) => compareCodeUnits(a.text, b.text));
  return bind(node, (at) => {
    const ports = words.flatMap((word) => at.expandWords(word).flatMap((spec) => parsePorts(spec, word, at)));
    at.stage.addToSet(
      "ExposedPorts",
      ports.map((port) => [port, {}]),
    );
    at.commit(`EXPOSE ${plainList(ports)}`);
  });
}

/**
 * Reads `[[ip:]host:]port[-port][/protocol]` as a list of `port/protocol`. Checks and drops
 * everything before the last colon.
 */
function parsePorts(spec: string, word: Word, at: InstructionContext): string[] {
  const range = word.range;
  const fail = (why: string): never => at.fail(errors.invalidPort(spec, why, range));
  const parts = spec.split(":");
  const [portText = "", protocolText = ""] = splitOnce(parts.pop() ?? "", "/");
  const hostPort = parts.pop() ?? "";
  const ip = parts.join(":");
  if (portText === "") fail("it has no port");
  const protocol = protocolText.toLowerCase() || "tcp";
  if (!["tcp", "udp", "sctp"].includes(protocol)) fail(`"${protocolText}" is no protocol`);
  // A word with variables may expand to several, or to another value in another build.
  const fixed = (text: string) =>
    at.isTrigger || word.text !== spec ? undefined : fixOf(`Write ${text}`, [replaceWord(word, text)], true);
  if (protocolText !== "" && protocolText !== protocol) {
    at.build.linter.warn(ExposeProtoCasing, [spec], range, at.node.comments, {
      fix: fixed(`${spec.slice(0, -protocolText.length)}${protocol}`),
    });
  }
  if (ip !== "" || hostPort !== "") {
    at.build.linter.warn(ExposeInvalidFormat, [spec], range, at.node.comments, {
      fix: fixed(`${portText}${protocolText === "" ? "" : `/${protocolText}`}`),
    });
  }
  if (ip !== "" && isIP(ip.replace(/^\[(.*)\]$/, "$1")) === 0) fail(`"${ip}" is no IP address`);
  const ports = portRange(portText) ?? fail(`"${portText}" is no port`);
  if (hostPort !== "") {
    const host = portRange(hostPort) ?? fail(`"${hostPort}" is no port`);
    if (ports[0] !== ports[1] && host[1] - host[0] !== ports[1] - ports[0]) fail("its ranges differ in length");
  }
  return Array.from({ length: ports[1] - ports[0] + 1 }, (_, i) => `${ports[0] + i}/${protocol}`);
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function portRange(text: string): [first: number, last: number] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first <= last && last <= LAST_PORT ? [first, last] : undefined;
}
