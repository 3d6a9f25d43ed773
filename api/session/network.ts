import { Connections, defaultCertificateDirectories } from "../../net/connections.js";
import type { CredentialSource } from "../../oci/registry/credential-types.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import { downloadFailures } from "../../solver/remote/errors.js";
import type { CacheBackends } from "./cache-backends.js";

/** The servers that one build speaks with. A client is made when it is needed first. */
export class Network implements AsyncDisposable {
  readonly #authorities: readonly string[];
  readonly #credentials: CredentialSource | undefined;
  #registry: Promise<RegistryClient> | undefined;
  #connections: Connections | undefined;
  #caches: Promise<CacheBackends> | undefined;

  /**
   * `authorities` are certificates in PEM that every client trusts, too. `credentials` are logins
   * in the place of docker's configuration.
   */
  constructor(authorities: readonly string[] = [], credentials?: CredentialSource) {
    this.#authorities = authorities;
    this.#credentials = credentials;
  }

  registry(): Promise<RegistryClient> {
    this.#registry ??= this.#client();
    return this.#registry;
  }

  /**
   * Returns a client that also speaks plain HTTP with these hosts, and accepts any certificate of
   * theirs.
   */
  async insecureRegistry(hosts: readonly string[]): Promise<RegistryClient> {
    return (await this.caches()).registry(hosts);
  }

  /** Returns the caches outside the store. */
  caches(): Promise<CacheBackends> {
    this.#caches ??= import("./cache-backends.js").then(
      ({ CacheBackends: Backends }) =>
        new Backends(() => this.registry(), { authorities: this.#authorities, insecure: (insecure) => this.#client(insecure) }),
    );
    return this.#caches;
  }

  /** Returns the connections for downloads from any host. */
  downloads(): Connections {
    this.#connections ??= new Connections({
      env: process.env,
      certificateDirectories: defaultCertificateDirectories(process.env),
      failures: downloadFailures,
      authorities: this.#authorities,
    });
    return this.#connections;
  }

  /** Returns new connections for requests of steps, by these proxies (`NAME=value`) too. */
  forSteps(proxies: readonly string[]): Connections {
    const given = proxies.map((variable) => [variable.slice(0, variable.indexOf("=")), variable.slice(variable.indexOf("=") + 1)]);
    const env = { ...process.env, ...(Object.fromEntries(given) as Record<string, string>) };
    return new Connections({
      env,
      certificateDirectories: defaultCertificateDirectories(env),
      failures: downloadFailures,
      authorities: this.#authorities,
    });
  }

  async #client(insecure: readonly string[] = []): Promise<RegistryClient> {
    const { createRegistryClient } = await import("../../oci/registry/client.js");
    const credentials = this.#credentials;
    return createRegistryClient({ authorities: this.#authorities, insecure, ...(credentials && { credentials }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#registry?.catch(() => undefined))?.close();
    (await this.#caches?.catch(() => undefined))?.[Symbol.dispose]();
    this.#connections?.close();
  }
}
