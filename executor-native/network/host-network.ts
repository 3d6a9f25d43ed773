import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

/** Facts of the host's network that a stack has to know. */
export interface HostNetwork {
  /** IPv4 routes but the default one, as numbers in network order. */
  readonly routes: readonly { readonly destination: number; readonly mask: number }[];
  /** Families of addresses that have a default route; IPv4 where none has. */
  readonly families: { readonly v4: boolean; readonly v6: boolean };
  /** Addresses of resolvers, in order. */
  readonly resolvers: readonly string[];
  /** Lines of resolv.conf besides. */
  readonly resolverOptions: readonly string[];
  /** An IPv4 address of the host that is none of its loopback; undefined where it has none. */
  readonly address: string | undefined;
}

/** Looks at the host's network. A file that cannot be read counts as empty. */
export function hostNetwork(read: (path: string) => string = readOrEmpty): HostNetwork {
  const table = read("/proc/net/route")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/));
  const v4 = table.map(([link = "", destination = "0", gateway = "0", , , , , mask = "0"]) => ({
    link,
    gateway: fromHost(gateway),
    destination: fromHost(destination),
    mask: fromHost(mask),
  }));
  const lines = read("/etc/resolv.conf")
    .split("\n")
    .map((line) => line.trim());
  const defaultRoute = v4.find(({ destination, mask }) => destination === 0 && mask === 0);
  const hasV6 = hasDefaultRoute6(read("/proc/net/ipv6_route"));
  return {
    routes: v4.filter(({ mask }) => mask !== 0).map(({ destination, mask }) => ({ destination, mask })),
    families: { v4: defaultRoute !== undefined || !hasV6, v6: hasV6 },
    resolvers: lines
      .flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
      .filter((address) => isIP(address) !== 0 && !address.includes("%")),
    resolverOptions: lines.filter((line) => /^(?:search|domain|options|sortlist)\s/.test(line)),
    address: addressOf(defaultRoute?.link),
  };
}

/** Reads a number of /proc/net/route: hexadecimal, in the order of a little-endian machine. */
function fromHost(text: string): number {
  return Buffer.from(text.padStart(8, "0"), "hex").readInt32LE(0);
}

/** Returns true for a default route that leads somewhere; the kernel has one that refuses. */
function hasDefaultRoute6(table: string): boolean {
  return table.split("\n").some((line) => {
    const fields = line.trim().split(/\s+/);
    return /^0{32}$/.test(fields[0] ?? "") && fields[1] === "00" && fields.at(-1) !== "lo";
  });
}

function addressOf(link: string | undefined): string | undefined {
  const all = networkInterfaces();
  const links = link !== undefined && all[link] ? [all[link]] : Object.values(all);
  return links.flatMap((addresses) => addresses ?? []).find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
