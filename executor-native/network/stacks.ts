import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute } from "node:path";
import { programPath } from "../program-path.js";
import type { HostNetwork } from "./host-network.js";
import { type NetworkPlan, planNetwork } from "./plan.js";

/** Path of the namespace for stacks: helper/network/confine.h. */
const NAMESPACE = "/run/step-network";
const MTU = "65520";
/** Device for packets, which every stack needs. */
export const TUN = "/dev/net/tun";
/** Milliseconds that a stack has for its start. */
const START_LIMIT = 10_000;

/** A program that carries the traffic of a network namespace, by itself and without privileges. */
interface StackProgram {
  readonly name: string;
  /** Package of Debian, Ubuntu, Fedora and Alpine. */
  readonly package: string;
  /** First 64 bits of the IPv6 addresses. */
  readonly prefix6: string;
  readonly args: (plan: NetworkPlan, families: HostNetwork["families"]) => readonly string[];
}

/** Stacks, the preferred first. */
const STACKS: readonly StackProgram[] = [
  {
    name: "pasta",
    package: "passt",
    prefix6: "fd74:7362:7569:6c64::",
    // By default pasta forwards ports of both loopbacks, and the gateway's address to the host's.
    args: (plan, { v4, v6 }) => [
      ..."--foreground --quiet --stderr --runas 0 --no-map-gw --no-dhcp --no-dhcpv6 --no-ra --no-netns-quit".split(" "),
      ..."--tcp-ports none --udp-ports none --tcp-ns none --udp-ns none".split(" "),
      "--ns-ifname",
      plan.link,
      "--mtu",
      MTU,
      ...(v4 ? ["--netmask", "24"] : ["--ipv6-only"]),
      ...(v6 ? [] : ["--ipv4-only"]),
      ...plan.addresses.flatMap((address) => ["--address", address.replace(/\/.*/, "")]),
      ...plan.gateways.flatMap((gateway) => ["--gateway", gateway]),
      "--netns",
      NAMESPACE,
    ],
  },
  {
    name: "slirp4netns",
    package: "slirp4netns",
    prefix6: "fd00::", // its own, which cannot be chosen
    args: (plan, { v6 }) => [
      ..."--disable-host-loopback --disable-dns --enable-sandbox --enable-seccomp".split(" "),
      ...(v6 ? ["--enable-ipv6"] : []),
      `--cidr=${plan.prefix}.0/24`,
      `--mtu=${MTU}`,
      "--netns-type=path",
      NAMESPACE,
      plan.link,
    ],
  },
];

/** A stack that is installed, ready to be started: what the worker's task needs. */
export interface StackCommand {
  readonly name: string;
  readonly command: readonly string[];
  readonly plan: NetworkPlan;
  readonly resolvers: readonly string[];
  /** Milliseconds that it has for its start. */
  readonly limit: number;
}

/** A network of steps, as this machine finds it. */
export interface PrivateNetwork {
  /** Pid of a process in it, which lives as long as it. */
  readonly holder: number;
  /** Addresses of steps, one for each family. */
  readonly addresses: readonly string[];
}

/** A network for steps that could be had. */
export interface FoundStack {
  readonly command: StackCommand;
  /** Text of a step's /etc/resolv.conf. */
  readonly resolvConf: string;
  /** Address at which steps find services of the host that listen on more than its loopback. */
  readonly gateway: string | undefined;
}

/** Returns the stacks that are installed, the preferred first. */
export function findStacks(env: Readonly<Record<string, string | undefined>>, host: HostNetwork): readonly FoundStack[] {
  // A program of the working directory is not one of the machine.
  const places = (env["PATH"] ?? "").split(delimiter).filter(isAbsolute).join(delimiter);
  return STACKS.flatMap(({ name, args, prefix6 }) => {
    const path = programPath(name, places);
    if (path === undefined) return [];
    const plan = planNetwork(host, prefix6);
    return {
      command: { name, command: [path, ...args(plan, host.families)], plan, resolvers: host.resolvers, limit: START_LIMIT },
      resolvConf: `${[...host.resolverOptions, `nameserver ${plan.resolver}`].join("\n")}\n`,
      gateway: host.address,
    };
  });
}

/** Returns true when this user may open the device for packets. */
export function canOpenTun(): boolean {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
