import type { Digest } from "../../core/digest.js";
import { parseReference, type Reference } from "../reference.js";
import type { Descriptor } from "../types.js";
import { Connections, defaultCertificateDirectories } from "../../net/connections.js";
import { registryFailures } from "./errors.js";
import { dockerCredentials } from "./credentials.js";
import type { CredentialSource } from "./credential-types.js";
import type { Environment } from "../../net/proxy.js";
import { fetchBlob, fetchManifest, resolve, type FetchedManifest, type PullOptions } from "./pull.js";
import type { PushBlobOptions, PushedBlob } from "./push.js";
import type { HttpLimits, OnWait } from "../../net/limits.js";
import { systemClock, type Clock } from "../../net/retry.js";
import { isLoopbackRegistry, RegistrySession } from "./session.js";
import { listTags } from "./tags.js";

export interface RegistryClientOptions {
  /**
   * Environment with proxies, CA files and the place of docker's configuration. Default: the
   * process's environment.
   */
  readonly env?: Environment;
  /** Source of credentials. Default: docker's `config.json`. */
  readonly credentials?: CredentialSource;
  /**
   * Hosts (`registry.lan:5000`) whose certificates are not checked and that may speak plain HTTP.
   * Loopback hosts are always among them.
   */
  readonly insecure?: readonly string[];
  /** Folders with a folder for each registry host. Default: docker's `certs.d`. */
  readonly certificateDirectories?: readonly string[];
  /** Certificates in PEM that are trusted, too. */
  readonly authorities?: readonly string[];
  readonly clock?: Clock;
  readonly limits?: HttpLimits;
  /** Hears of the waits of requests that report to nobody else. */
  readonly onWait?: OnWait;
  /** Bytes of one part, for registries that refuse a blob in one piece. Default: 16 MiB. */
  readonly partSize?: number;
}

/**
 * Pulls from and pushes to registries over the OCI Distribution API. References are texts as users
 * write them, or parsed. All methods may be called concurrently; connections and tokens are shared.
 * Failures are {@link ./errors.ts RegistryError}, aborts CanceledError.
 */
export interface RegistryClient extends Disposable {
  /**
   * Returns digest, size and media type of the manifest that a reference names now. Costs one HEAD.
   */
  resolve(ref: string | Reference, options?: PullOptions): Promise<Descriptor>;
  /** Returns all tags of the reference's repository, sorted. */
  tags(ref: string | Reference, options?: PullOptions): Promise<readonly string[]>;
  /**
   * Returns the manifest or index of the reference, or `digest` in its repository. At most 4 MiB;
   * verified and checked.
   */
  manifest(ref: string | Reference, digest?: Digest, options?: PullOptions): Promise<FetchedManifest>;
  /**
   * Yields the bytes of a blob. Resumes a broken connection, and verifies the digest at the end.
   */
  blob(ref: string | Reference, descriptor: Descriptor, options?: PullOptions): AsyncIterable<Uint8Array>;
  hasBlob(ref: string | Reference, digest: Digest, options?: PullOptions): Promise<boolean>;
  putBlob(ref: string | Reference, descriptor: Descriptor, options: PushBlobOptions): Promise<PushedBlob>;
  /**
   * Puts a manifest under the reference's tag, or under its digest when the reference has no tag.
   */
  putManifest(ref: string | Reference, bytes: Uint8Array, mediaType: string, options?: PullOptions): Promise<Digest>;
  /** Ends idle connections. The client cannot be used afterwards. */
  close(): void;
}

/** Makes a client. Loads and reads nothing before the first request. */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const env = options.env ?? process.env;
  const clock = options.clock ?? systemClock;
  const credentials = options.credentials ?? dockerCredentials(env);
  const connections = new Connections({
    env,
    certificateDirectories: options.certificateDirectories ?? defaultCertificateDirectories(env),
    failures: registryFailures,
    limits: options.limits,
    authorities: options.authorities,
    onWait: options.onWait,
  });
  const sessions = new Map<string, RegistrySession>();
  const parse = (ref: string | Reference): Reference => (typeof ref === "string" ? parseReference(ref) : ref);
  const sessionFor = ({ registry }: Reference): RegistrySession => {
    let session = sessions.get(registry);
    if (session === undefined) {
      const insecure = isLoopbackRegistry(registry) || (options.insecure ?? []).includes(registry);
      session = new RegistrySession({ registry, insecure, connections, credentials, clock, partSize: options.partSize });
      sessions.set(registry, session);
    }
    return session;
  };
  return {
    async resolve(ref, pull) {
      const reference = parse(ref);
      return resolve(sessionFor(reference), reference, pull);
    },
    async tags(ref, pull) {
      const reference = parse(ref);
      return listTags(sessionFor(reference), reference, pull);
    },
    async manifest(ref, digest, pull) {
      const reference = parse(ref);
      return fetchManifest(sessionFor(reference), reference, digest, pull);
    },
    blob(ref, descriptor, pull) {
      const reference = parse(ref);
      return fetchBlob(sessionFor(reference), reference, descriptor, pull);
    },
    async hasBlob(ref, digest, pull) {
      const reference = parse(ref);
      const { hasBlob } = await import("./push.js");
      return hasBlob(sessionFor(reference), reference, { digest }, pull);
    },
    async putBlob(ref, descriptor, push) {
      const reference = parse(ref);
      const { pushBlob } = await import("./push.js");
      return pushBlob(sessionFor(reference), reference, descriptor, push);
    },
    async putManifest(ref, bytes, mediaType, pull) {
      const reference = parse(ref);
      const { pushManifest } = await import("./push.js");
      return pushManifest(sessionFor(reference), reference, bytes, mediaType, pull);
    },
    close: () => connections.close(),
    [Symbol.dispose]: () => connections.close(),
  };
}
