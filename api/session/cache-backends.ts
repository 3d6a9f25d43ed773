import type { BackendContext } from "../../cache/remote/backend.js";
import { CacheHttp } from "../../cache/remote/http.js";
import type { Environment } from "../../net/proxy.js";
import type { RegistryClient } from "../../oci/registry/client.js";

interface CacheBackendsOptions {
  /** Certificates in PEM that are trusted, too. */
  readonly authorities: readonly string[];
  /** Makes a client that checks no certificates of these hosts. */
  readonly insecure: (hosts: readonly string[]) => Promise<RegistryClient>;
}

/** Connections to caches outside the store, for one build. */
export class CacheBackends implements BackendContext, Disposable {
  readonly #shared: () => Promise<RegistryClient>;
  readonly env: Environment = process.env;
  readonly http: CacheHttp;
  readonly #open: CacheBackendsOptions["insecure"];
  readonly #insecure = new Map<string, Promise<RegistryClient>>();

  /** `shared` returns the client of the build, for hosts without exceptions. */
  constructor(shared: () => Promise<RegistryClient>, { authorities, insecure }: CacheBackendsOptions) {
    this.#shared = shared;
    this.#open = insecure;
    this.http = new CacheHttp({ env: process.env, authorities });
  }

  registry(insecure: readonly string[]): Promise<RegistryClient> {
    if (insecure.length === 0) return this.#shared();
    const key = insecure.join(" ");
    let client = this.#insecure.get(key);
    if (!client) {
      client = this.#open(insecure);
      this.#insecure.set(key, client);
    }
    return client;
  }

  [Symbol.dispose](): void {
    this.http[Symbol.dispose]();
    for (const client of this.#insecure.values())
      client.then(
        (made) => made.close(),
        () => undefined,
      );
  }
}
