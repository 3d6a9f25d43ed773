import type { LayerId } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import { SocketDirectory } from "../../core/system/socket-directory.js";
import { proxyNetworkFailed, noNetworkInTier } from "../../executor-native/network/errors.js";
import { isUnreachable } from "../../executor-native/network/plan.js";
import { isMachineLocal } from "../../net/proxy.js";
import type { Connections } from "../../net/connections.js";
import type { EphemeralAuthority } from "../../net/recording/authority.js";
import type { Authorities, StepProxy } from "../../solver/ports.js";
import { stepAuthorities } from "../options/authorities.js";
import type { Workers } from "./workers.js";

/** Port of a step's loopback that leads to its proxy, below those of outgoing connections. */
const PORT = 29_128;

interface StepProxiesOptions {
  readonly store: Store;
  readonly workers: Workers;
  /** Makes the connections of the proxies to servers. */
  readonly connect: () => Connections;
}

/**
 * The recording proxies of the steps of one build: one for each step that runs, and an authority
 * for all, whose key is in this process alone.
 */
export class StepProxies implements AsyncDisposable {
  readonly #options: StepProxiesOptions;
  readonly #layers = new Set<LayerId>();
  #authority: Promise<EphemeralAuthority> | undefined;
  #trusted: Promise<Authorities | undefined> | undefined;
  #connections: Connections | undefined;
  #sockets: SocketDirectory | undefined;
  #count = 0;

  constructor(options: StepProxiesOptions) {
    this.#options = options;
  }

  /** Returns what steps behind a proxy trust: `own` certificates, and those of the proxy. */
  authorities(own: readonly string[]): Promise<Authorities | undefined> {
    this.#trusted ??= this.#withOwn(own);
    return this.#trusted;
  }

  async #withOwn(own: readonly string[]): Promise<Authorities | undefined> {
    const { certificate } = await this.#makeAuthority();
    const trusted = await stepAuthorities([...own, certificate]);
    return trusted && { ...trusted, onLayer: (layer) => void this.#layers.add(layer) };
  }

  /**
   * Starts the proxy of a step. `fromHost`: the step has the right to the host's network, and so
   * its proxy reaches the host's loopback. Throws `exec/network` where steps have no namespaces.
   */
  async open(fromHost: boolean): Promise<StepProxy> {
    const { store, workers, connect } = this.#options;
    const { tier } = await workers.worker();
    if (tier !== "namespaces") throw proxyNetworkFailed(noNetworkInTier(tier));
    const [{ RecordingProxy }, authority] = await Promise.all([import("../../net/recording/recording-proxy.js"), this.#makeAuthority()]);
    this.#sockets ??= new SocketDirectory(store.temporaryDirectory());
    this.#connections ??= connect();
    const socket = `proxy-${++this.#count}`;
    const refuses = (address: string): boolean => !fromHost && (isMachineLocal(address) || isUnreachable(address));
    const proxy = await RecordingProxy.listen(this.#sockets.socket(socket), {
      authority,
      egress: { connections: this.#connections, refuses },
    });
    return {
      place: { directory: this.#sockets.path, socket, port: PORT },
      get requests() {
        return proxy.requests;
      },
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  }

  #makeAuthority(): Promise<EphemeralAuthority> {
    this.#authority ??= import("../../net/recording/authority.js").then(({ EphemeralAuthority: Made }) => new Made());
    return this.#authority;
  }

  /** Called when no step runs any more. Layers with a certificate that nobody trusts again go. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { layers, blobs } = this.#options.store;
    this.#connections?.close();
    this.#sockets?.[Symbol.dispose]();
    for (const id of this.#layers) {
      const blob = layers.get(id)?.blob;
      if (blob) {
        layers.forgetBlob(blob.digest);
        blobs.remove(blob.digest);
      }
      layers.dropSnapshot(id);
    }
  }
}
