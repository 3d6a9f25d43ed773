import { isIPv4, isIPv6 } from "node:net";
import { CallError } from "../evaluate/scope.js";
import { STRING } from "../values/type.js";
import { list, numberOf, string, textOf, type Value } from "../values/value.js";
import { define, type Functions, NUMERIC, ofTexts, TEXT, whole } from "./define.js";

/**
 * A network: its address, the bits of addresses of its kind (32 or 128), and those that it fixes.
 */
interface Network {
  readonly address: bigint;
  readonly bits: 32 | 128;
  readonly prefix: number;
}

function parseNetwork(text: string): Network {
  const [, address = "", length = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : undefined;
  if (!bits || Number(length) > bits) throw new CallError(`"${text}" is no network such as 10.0.0.0/8`, 0);
  const prefix = Number(length);
  const free = BigInt(bits - prefix);
  return { address: ((bits === 32 ? parse4(address) : parse6(address)) >> free) << free, bits, prefix };
}

function parse4(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parse6(text: string): bigint {
  const plain = text.replace(/(\d+\.\d+\.\d+\.\d+)$/, (found) => {
    const value = parse4(found);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}

function write(address: bigint, bits: 32 | 128): string {
  const size = bits === 32 ? 8n : 16n;
  const parts = Array.from(
    { length: Number(BigInt(bits) / size) },
    (_, i) => (address >> (BigInt(bits) - size * BigInt(i + 1))) & ((1n << size) - 1n),
  );
  return bits === 32 ? parts.join(".") : shorten(parts.map((part) => part.toString(16)));
}

/** Writes the longest run of zeros as `::` (RFC 5952). */
function shorten(parts: readonly string[]): string {
  const runs = [...parts.join(":").matchAll(/\b0(?::0)+\b/g)];
  const longest = runs.reduce<RegExpMatchArray | undefined>(
    (best, run) => (run[0].length > (best?.[0].length ?? 0) ? run : best),
    undefined,
  );
  const text = parts.join(":");
  if (!longest) return text;
  const at = longest.index as number;
  return `${text.slice(0, at).replace(/:$/, "")}::${text.slice(at + longest[0].length).replace(/^:/, "")}`;
}

function subnet(network: Network, newBits: number, position: bigint): Network {
  const prefix = network.prefix + newBits;
  if (newBits < 0 || prefix > network.bits) throw new CallError(`a /${network.prefix} network has no room for ${newBits} more bits`, 1);
  if (position < 0n || position >= 1n << BigInt(newBits)) throw new CallError(`${newBits} bits have no number ${position}`, 2);
  return { ...network, address: network.address | (position << BigInt(network.bits - prefix)), prefix };
}

function written({ address, bits, prefix }: Network): Value {
  return string(`${write(address, bits)}/${prefix}`);
}

/** Returns networks of these sizes, one behind the other. */
function subnets(network: Network, sizes: readonly number[]): Value {
  const end = network.address + (1n << BigInt(network.bits - network.prefix));
  let next = network.address;
  const made = sizes.map((size, i) => {
    const prefix = network.prefix + size;
    if (size < 1 || prefix > network.bits) throw new CallError(`a /${network.prefix} network has no room for ${size} more bits`, i + 1);
    const step = 1n << BigInt(network.bits - prefix);
    const address = ((next + step - 1n) / step) * step;
    next = address + step;
    if (next > end) throw new CallError("the network has no room for this one", i + 1);
    return written({ ...network, address, prefix });
  });
  return list(STRING, made);
}

export const NETWORK_FUNCTIONS: Functions = {
  cidrhost: define([TEXT("prefix"), NUMERIC("hostnum")], (prefix, host) => {
    const network = parseNetwork(textOf(prefix));
    const wanted = numberOf(host);
    const size = 1n << BigInt(network.bits - network.prefix);
    const position = wanted.numerator < 0n ? size + wanted.numerator : wanted.numerator;
    if (!wanted.isInteger || position < 0n || position >= size) throw new CallError(`the network has ${size} addresses`, 1);
    return string(write(network.address | position, network.bits));
  }),
  cidrnetmask: ofTexts(["prefix"], (prefix) => {
    const { bits, prefix: length } = parseNetwork(prefix);
    if (bits !== 32) throw new CallError("only networks of IPv4 have a mask", 0);
    return string(write(((1n << BigInt(length)) - 1n) << BigInt(32 - length), 32));
  }),
  cidrsubnet: define([TEXT("prefix"), NUMERIC("newbits"), NUMERIC("netnum")], (prefix, bits, position) =>
    written(subnet(parseNetwork(textOf(prefix)), whole(bits, 1), numberOf(position).truncated())),
  ),
  cidrsubnets: define(
    [TEXT("prefix")],
    (prefix, ...sizes) =>
      subnets(
        parseNetwork(textOf(prefix)),
        sizes.map((size, i) => whole(size, i + 1)),
      ),
    NUMERIC("newbits"),
  ),
};
