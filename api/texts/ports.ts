import { isIP } from "node:net";
import type { PortWish } from "../../executor-native/network/published-ports.js";
import { badPort } from "./errors.js";

/**
 * Addresses of a port without one: this machine's loopback. Note that docker takes all addresses,
 * which opens an image that is being tested to the whole network, past most firewalls.
 */
const LOOPBACK = ["127.0.0.1", "::1"] as const;
const HIGHEST = 65535;

type Range = readonly [first: number, last: number];

/** Reads `[IP:][HOST:]CONTAINER[/tcp|udp]` as docker does, ranges of ports included. */
export function parsePort(text: string): readonly PortWish[] {
  const [, ports = "", protocol = "tcp"] = /^(.*?)(?:\/([^/]*))?$/s.exec(text) ?? [];
  if (protocol !== "tcp" && protocol !== "udp") throw badPort(text, `"${protocol}" is neither tcp nor udp`);
  const [, bracketed, rest = ""] = /^(?:\[([^\]]*)\]:)?(.*)$/s.exec(ports) ?? [];
  const words = rest.split(":");
  const container = words.pop() ?? "";
  const host = words.pop() ?? "";
  const ip = bracketed ?? words.join(":");
  if (ip !== "" && isIP(ip) === 0) throw badPort(text, `"${ip}" is no IP address`);
  const addresses = ip === "" ? LOOPBACK : [ip];
  const inside = rangeOf(container, text);
  const outside = host === "" ? undefined : rangeOf(host, text);
  const count = inside[1] - inside[0] + 1;
  if (outside && count > 1 && outside[1] - outside[0] + 1 !== count)
    throw badPort(text, `${host} and ${container} are not equally many ports`);
  return Array.from({ length: count }, (_, index) => ({
    protocol,
    port: inside[0] + index,
    host: hostPorts(outside, index, count),
    addresses,
  }));
}

/** Returns where one of several ports may be on this machine: a range is a choice only for one. */
function hostPorts(outside: Range | undefined, index: number, count: number): Range {
  if (!outside) return [0, 0];
  return count === 1 ? outside : [outside[0] + index, outside[0] + index];
}

function rangeOf(text: string, whole: string): Range {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = [Number(first), Number(last)] as const;
  if (first === "" || range[0] < 1 || range[1] > HIGHEST || range[1] < range[0])
    throw badPort(whole, `"${text}" is no port from 1 to ${HIGHEST}, nor a range such as 8000-8010`);
  return range;
}

/** Returns the ports that an image exposes, each at any free port: `--publish-all`. */
export function exposedPorts(exposed: Readonly<Record<string, unknown>> = {}): readonly PortWish[] {
  return Object.keys(exposed).flatMap((text) => (/^\d+(-\d+)?(\/(tcp|udp))?$/.test(text) ? parsePort(text) : []));
}
