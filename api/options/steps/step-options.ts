import { badDefaultNetwork, badExtraHost, badJobs, badShmSize, badUlimit } from "../errors.js";
import { isIP } from "node:net";
import { HOST_GATEWAY } from "../../../llb/ops.js";
import { suggest } from "../../../core/text/suggest.js";

/**
 * Reads lines for /etc/hosts as docker does: `NAME:IP` or `NAME=IP`, with commas between several
 * addresses. IPv6 addresses may stand in brackets. `host-gateway` is the address of the host, which
 * is known when a step runs. Throws `options/invalid`.
 */
export function parseExtraHosts(texts: readonly string[]): readonly { readonly host: string; readonly ip: string }[] {
  return texts.flatMap((text) => {
    const [, host, addresses] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
    const fail = (why: string): never => {
      throw badExtraHost(text, why);
    };
    if (!host || !addresses) return fail("it is not of the form host:ip");
    // A blank or a # would change the meaning of the line.
    if (!/^[^\s#\p{Cc}]+$/u.test(host)) return fail(`"${host}" is no name of a host`);
    return addresses.split(",").map((address) => {
      if (address === HOST_GATEWAY) return { host, ip: address };
      const ip = address.replace(/^\[(.*)\]$/s, "$1");
      // A zone belongs to one machine's devices.
      return isIP(ip) === 0 || ip.includes("%") ? fail(`"${address}" is no IP address`) : { host, ip };
    });
  });
}

const LIMITS = "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");
/** Largest finite limit that docker and the kernel take. */
const LARGEST_LIMIT = 2n ** 63n - 1n;

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/**
 * Reads `name=soft[:hard]`; -1 is no limit, and of one name the last counts. Throws
 * `options/invalid`.
 */
export function parseUlimits(texts: readonly string[]): readonly Ulimit[] {
  return [...new Map(texts.map(parseUlimit).map((limit) => [limit.name, limit])).values()];
}

function parseUlimit(text: string): Ulimit {
  const fail = (why: string, hint = "For example --ulimit nofile=1024:4096"): never => {
    throw badUlimit(text, why, hint);
  };
  const [, name, soft, hard = soft] = /^([^=]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (name === undefined || soft === undefined || hard === undefined) return fail("it is not of the form name=soft[:hard]");
  if (!LIMITS.includes(name)) {
    const near = suggest(name, LIMITS);
    return fail(`there is no limit "${name}"`, near === undefined ? `Limits are ${LIMITS.join(", ")}` : `Did you mean "${near}"?`);
  }
  const [low, high] = [BigInt(soft), BigInt(hard)];
  if (low > LARGEST_LIMIT || high > LARGEST_LIMIT) return fail(`the largest limit is ${LARGEST_LIMIT}`, "-1 is no limit");
  if (high !== -1n && (low === -1n || low > high)) return fail("the soft limit is above the hard one");
  return { name, soft: Number(soft), hard: Number(hard) };
}

/** Environment variable that says which network steps get by default. */
export const NETWORK_VARIABLE = "TSBUILD_NETWORK";

/** Network of steps that ask for none: their own where it can be had, or as somebody said. */
export type DefaultNetwork = "auto" | "host" | "private";

/** Returns the network of steps that ask for none. Throws `options/invalid`. */
export function defaultNetwork(given: string, env: Readonly<Record<string, string | undefined>>): DefaultNetwork {
  if (given === "private") return "private";
  const text = env[NETWORK_VARIABLE] ?? "";
  if (text === "" || text === "default") return "auto";
  if (text === "host" || text === "private") return text;
  throw badDefaultNetwork(NETWORK_VARIABLE, text);
}

/** Returns bytes of /dev/shm. Throws `options/invalid`. */
export function checkShmSize(bytes: number | undefined): number | undefined {
  if (bytes !== undefined && (!Number.isSafeInteger(bytes) || bytes < 0)) throw badShmSize(bytes);
  return bytes;
}

/** Steps that run at once by default, and at most where their memory decides. */
export const DEFAULT_JOBS = 64;

/** Returns how many steps run at once. Throws `options/invalid`. */
export function checkJobs(jobs: number | "auto"): number {
  if (jobs === "auto") return DEFAULT_JOBS;
  if (!Number.isSafeInteger(jobs) || jobs < 1) throw badJobs(jobs);
  return jobs;
}
