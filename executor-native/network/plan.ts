import { BlockList, isIP } from "node:net";
import type { HostNetwork } from "./host-network.js";

/** Addresses of the network that steps share. Lists have one entry for each family of addresses. */
export interface NetworkPlan {
  /** Name of the link in it. */
  readonly link: string;
  /** Addresses of steps, with the length of their prefix. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  /** Address at which steps find their resolver. */
  readonly resolver: string;
  /** First three bytes of its IPv4 addresses. */
  readonly prefix: string;
  /** Prefixes that no step reaches; those of IPv6 where it is there. */
  readonly unreachable: readonly string[];
}

const LINK = "tap0";

/** Prefixes of 24 bits. The first that the host does not use is taken; slirp's own comes first. */
const PREFIXES = ["10.0.2", "10.213.86", "172.30.213", "192.168.213"] as const;

/** IPv4 addresses as those of IPv6. */
const MAPPED = "::ffff:0.0.0.0/96";

/**
 * Prefixes that no step reaches through the network: the host's loopback, and services that give
 * credentials of the machine to whoever asks. Note that loopback is among them, because a socket
 * that is bound to a link sends to 127.0.0.1 on that link, where the stack would take it for the
 * host's.
 */
const UNREACHABLE: readonly string[] = [
  "127.0.0.0/8",
  "::1/128",
  MAPPED,
  "64:ff9b::127.0.0.0/104",
  // Link-local addresses: AWS, Google, Azure, Oracle, OpenStack and others, and AWS's for tasks.
  "169.254.0.0/16",
  "64:ff9b::169.254.0.0/112",
  "fe80::a9fe:a9fe/128",
  "fd00:ec2::/32",
  "fd00:c1::/32",
  "fd00:42::/32",
  "fd20:ce::/32",
  // Alibaba's, and the agent's of Azure.
  "100.100.100.200/32",
  "168.63.129.16/32",
];

let unreachable: BlockList | undefined;

/**
 * Returns true for an address that no step reaches through a network of this builder. Note that the
 * prefix of mapped addresses is left out, because the list takes IPv4 addresses for mapped ones.
 */
export function isUnreachable(address: string): boolean {
  if (unreachable === undefined) {
    unreachable = new BlockList();
    for (const prefix of UNREACHABLE.filter((one) => one !== MAPPED)) {
      const [network = "", bits] = prefix.split("/");
      unreachable.addSubnet(network, Number(bits), network.includes(":") ? "ipv6" : "ipv4");
    }
  }
  const family = isIP(address);
  return family !== 0 && unreachable.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** Plans addresses for what the host can reach. `prefix6` is what the stack wants, 64 bits. */
export function planNetwork({ routes, families }: HostNetwork, prefix6: string): NetworkPlan {
  const prefix = PREFIXES.find((candidate) => !routes.some((route) => overlaps(route, candidate))) ?? PREFIXES[0];
  return {
    link: LINK,
    prefix,
    resolver: `${prefix}.3`,
    unreachable: UNREACHABLE.filter((one) => families.v6 || !one.includes(":")),
    addresses: [...(families.v4 ? [`${prefix}.100/24`] : []), ...(families.v6 ? [`${prefix6}100/64`] : [])],
    gateways: [...(families.v4 ? [`${prefix}.2`] : []), ...(families.v6 ? [`${prefix6}2`] : [])],
  };
}

/** Returns true when a route has addresses of a prefix of 24 bits. */
function overlaps({ destination, mask }: HostNetwork["routes"][number], prefix: string): boolean {
  const [a = 0, b = 0, c = 0] = prefix.split(".").map(Number);
  const common = mask & 0xffffff00;
  return ((((a << 24) | (b << 16) | (c << 8)) ^ destination) & common) === 0;
}
