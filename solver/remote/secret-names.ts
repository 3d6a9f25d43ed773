import { hostOf, isLoopback } from "../../net/proxy.js";

/** Returns a secret by its id; undefined for one that the build was not given. */
export type SecretById = (id: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

/**
 * Returns the parts of secrets' ids that name an address, the most exact first. `HOST:PORT` is for
 * just this port, and `HOST` for HTTPS on its usual port. A token must not go to other ports of a
 * host, nor over a network unencrypted, because a Dockerfile names the address and not the owner of
 * the token.
 */
export function secretHosts({ protocol, hostname, port }: URL): readonly string[] {
  const exact = `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`;
  return protocol === "https:" && port === "" ? [exact, hostname] : [exact];
}

/** Returns the part of an id that a hint proposes for an address. */
export function proposedHost(url: URL): string {
  return secretHosts(url).at(-1) as string;
}

/**
 * Returns true when a secret for all hosts may be sent to an address: encrypted, or to this
 * machine.
 */
export function takesGeneralSecret(url: URL): boolean {
  return url.protocol === "https:" || isLoopback(hostOf(url));
}
