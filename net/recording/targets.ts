import { lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { hostOf } from "../proxy.js";

/** Rule of the addresses that a proxy carries nothing to. */
export type Refuses = (address: string) => boolean;

/**
 * Ports of other protocols, which browsers refuse too (the "bad ports" of the Fetch standard), with
 * those of databases. A request that they read as commands would be more than web traffic.
 */
const OTHER_PROTOCOLS = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117,
  119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
  989, 990, 993, 995, 1719, 1720, 1723, 2049, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080, 11211,
]);

/** Milliseconds until a name that another proxy looks up counts as not known here. */
const PATIENCE = 1000;

/** A target that the proxy carries nothing to. */
export class RefusedTarget extends Error {}

/** A target whose name has no address. */
export class UnknownTarget extends Error {}

/** Returns a look-up that finds no address that is refused, for a connection. */
export function guardedLookup(refuses: Refuses): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      const allowed = error ? [] : found.filter(({ address }) => !refuses(address));
      const [first] = allowed;
      if (error ?? first === undefined) callback(error ?? new RefusedTarget(`${host} is an address that steps do not reach`), "", 0);
      else if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Throws for a target that the proxy carries nothing to. A name has to be known here, unless
 * `elsewhere`: the proxy of a company looks it up then.
 */
export async function checkTarget(url: URL, refuses: Refuses, elsewhere: boolean): Promise<void> {
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (OTHER_PROTOCOLS.has(port)) throw new RefusedTarget(`port ${port} is of another protocol`);
  const host = hostOf(url);
  if (isIP(host) !== 0) {
    if (refuses(host)) throw new RefusedTarget(`${host} is an address that steps do not reach`);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    // A machine behind a proxy may have no resolver, and no answer then decides nothing.
    if (elsewhere) setTimeout(resolve, PATIENCE).unref();
    guardedLookup(refuses)(host, { all: true }, (error) => {
      if (!error || (elsewhere && !(error instanceof RefusedTarget))) resolve();
      else reject(error instanceof RefusedTarget ? error : new UnknownTarget(`no host has the name ${host}`));
    });
  });
}
