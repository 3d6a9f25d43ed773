import { BlockList, isIP } from "node:net";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the proxy for a URL by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (lower case as well),
 * with the rules of Go programs, docker among them. Loopback never has a proxy. `NO_PROXY` holds
 * `*`, hosts (with their subdomains), `.domain` (subdomains only), addresses and CIDR ranges, each
 * with an optional port.
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const value = url.protocol === "https:" ? (env["HTTPS_PROXY"] ?? env["https_proxy"]) : (env["HTTP_PROXY"] ?? env["http_proxy"]);
  if (value === undefined || value === "") return undefined;
  const host = hostOf(url);
  if (isLoopback(host)) return undefined;
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (bypasses(host, port, env["NO_PROXY"] ?? env["no_proxy"] ?? "")) return undefined;
  return new URL(value.includes("://") ? value : `http://${value}`);
}

/** Returns the host of a URL in lower case. IPv6 addresses have no brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

/** Returns true for `localhost`, `127.0.0.0/8` and `::1`. Docker speaks plain HTTP with these. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

let ofThisMachine: BlockList | undefined;

/**
 * Returns the addresses that {@link isMachineLocal} knows. Note that we make the list when it is
 * asked for, because Node loads three modules for it, and a build without changes never asks.
 */
function addressesOfThisMachine(): BlockList {
  if (ofThisMachine) return ofThisMachine;
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addAddress("0.0.0.0", "ipv4");
  list.addAddress("::", "ipv6");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  ofThisMachine = list;
  return list;
}

/**
 * Returns true for addresses that mean another host on every machine: loopback, link-local (RFC
 * 3927, RFC 4291) and unspecified ones. Names are not looked up.
 */
export function isMachineLocal(host: string): boolean {
  const family = isIP(host);
  return host === "localhost" || (family !== 0 && addressesOfThisMachine().check(host, family === 4 ? "ipv4" : "ipv6"));
}

function bypasses(host: string, port: string, list: string): boolean {
  for (const raw of list.split(",")) {
    let entry = raw.trim().toLowerCase();
    if (entry === "") continue;
    if (entry === "*") return true;
    if (entry.includes("/")) {
      if (inRange(host, entry)) return true;
      continue;
    }
    const withPort = /^(.*[^:]|\[.*\]):(\d+)$/.exec(entry);
    if (withPort && isIP(entry) === 0) {
      if (withPort[2] !== port) continue;
      entry = withPort[1] as string;
    }
    entry = entry.replace(/^\[|\]$/g, "").replace(/^\*\./, ".");
    if (entry === host || host.endsWith(entry.startsWith(".") ? entry : `.${entry}`)) return true;
  }
  return false;
}

function inRange(host: string, range: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, Number(bits), type);
  return list.check(host, type);
}
