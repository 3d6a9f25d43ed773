import { badCertificateFile, badCertificates } from "./errors.js";
import { readdirSync } from "node:fs";
import type { Agent } from "node:http";
import { join } from "node:path";
import type { SecureContext, SecureContextOptions } from "node:tls";
import { systemErrorCode } from "../core/errors.js";
import { inHome } from "../core/system/home.js";
import { readRegularFile } from "../core/system/regular-file.js";
import type { HttpFailures } from "./errors.js";
import { DEFAULT_LIMITS, type HttpLimits, type OnWait } from "./limits.js";
import { keepIdleAgent, takeIdleAgent } from "./idle-agents.js";
import { proxyFor, type Environment } from "./proxy.js";

/**
 * Returns the directories with a folder for each registry host, as docker has them: `*.crt` are
 * CAs, `x.cert` with `x.key` is a client certificate.
 */
export function defaultCertificateDirectories(env: Environment): readonly string[] {
  const config = env["XDG_CONFIG_HOME"] || inHome(env, ".config");
  return [...(config === undefined ? [] : [join(config, "docker", "certs.d")]), "/etc/docker/certs.d"];
}

/** Bytes that a file of certificates may have. */
const LARGEST_BUNDLE = 64 << 20;

interface ConnectionsOptions {
  readonly env: Environment;
  readonly certificateDirectories: readonly string[];
  readonly failures: HttpFailures;
  readonly limits?: HttpLimits | undefined;
  /** Certificates in PEM that are trusted, too. */
  readonly authorities?: readonly string[] | undefined;
  /** Hears of the waits of requests that report to nobody else. */
  readonly onWait?: OnWait | undefined;
}

/**
 * Keep-alive connections: one agent for each origin, through the proxy that the environment names.
 * Connections trust Node's own CAs (`NODE_EXTRA_CA_CERTS` included), `SSL_CERT_FILE` and the host's
 * folder in certs.d.
 */
export class Connections {
  readonly #env: Environment;
  readonly #certificateDirectories: readonly string[];
  readonly #authorities: readonly string[];
  /** Makes the errors of exchanges over these connections. */
  readonly failures: HttpFailures;
  readonly limits: HttpLimits;
  readonly onWait: OnWait | undefined;
  readonly #agents = new Map<string, Promise<Agent>>();
  /** Agents without certificates of the user's, which others can use afterwards. */
  readonly #plain = new Map<string, Agent>();
  readonly #closing = new AbortController();
  #closed = false;

  constructor({ env, certificateDirectories, failures, limits = DEFAULT_LIMITS, authorities = [], onWait }: ConnectionsOptions) {
    this.onWait = onWait;
    this.#authorities = authorities;
    this.#env = env;
    this.#certificateDirectories = certificateDirectories;
    this.failures = failures;
    this.limits = limits;
  }

  /**
   * Aborted when the connections are closed. Exchanges that several callers share use this signal.
   */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Returns true when the environment names a proxy on the way to a server. */
  hasProxy(url: URL): boolean {
    return proxyFor(url, this.#env) !== undefined;
  }

  /**
   * Returns the agent for an origin. `verify: false` accepts any certificate, for hosts that were
   * declared insecure.
   */
  agent(url: URL, verify: boolean): Promise<Agent> {
    if (this.#closed) throw new Error("internal: the connections are closed");
    const key = `${url.origin} ${verify}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = this.#connect(url, verify);
      this.#agents.set(key, agent);
    }
    return agent;
  }

  /**
   * Ends active connections. Keeps idle ones for a short time for the next caller in this process
   * that asks the same server.
   */
  close(): void {
    this.#closed = true;
    this.#closing.abort();
    const plain = new Set(this.#plain.values());
    for (const agent of this.#agents.values()) {
      agent.then(
        (made) => (plain.has(made) ? undefined : made.destroy()),
        () => undefined,
      );
    }
    for (const [key, agent] of this.#plain) keepIdleAgent(key, agent);
    this.#agents.clear();
    this.#plain.clear();
  }

  async #connect(url: URL, verify: boolean): Promise<Agent> {
    const tls = url.protocol === "https:" ? { ...(await this.#secureContext(url, verify)), rejectUnauthorized: verify } : {};
    const options = { keepAlive: true, maxFreeSockets: 16, ...tls };
    const proxy = proxyFor(url, this.#env);
    if (proxy !== undefined) {
      const { ProxyAgent } = await import("./proxy-agent.js");
      return new ProxyAgent(proxy, options);
    }
    const key = `${url.origin} ${verify}`;
    const isPlain = !("secureContext" in tls);
    const agent = (isPlain && takeIdleAgent(key)) || new (await agentOf(url))(options);
    if (isPlain && !this.#closed) this.#plain.set(key, agent);
    return agent;
  }

  /**
   * Makes the TLS context of an origin, once: a context with a list of CAs takes 40 ms to make.
   * Returns no context where Node's defaults are right: without certificates of the user's, or
   * where nothing is verified and there is no client certificate.
   */
  async #secureContext(url: URL, verify: boolean): Promise<{ readonly secureContext?: SecureContext }> {
    const { authorities: ofHost, pairs } = this.#certificates(url.host);
    const authorities = [...this.#authorities, ...ofHost];
    // Node has read the file of NODE_EXTRA_CA_CERTS already. Reading the same file again only costs
    // time.
    const extra = this.#env["NODE_EXTRA_CA_CERTS"];
    const bundle = this.#env["SSL_CERT_FILE"] === extra ? undefined : this.#env["SSL_CERT_FILE"];
    if (pairs.length === 0 && (!verify || (authorities.length === 0 && !bundle))) return {};
    const { createSecureContext, rootCertificates } = await import("node:tls");
    const files = [extra, bundle].flatMap((path) => (path ? [readCertificate(path)] : []));
    const options: SecureContextOptions = { ca: [...rootCertificates, ...files, ...authorities] };
    if (pairs.length > 0) {
      options.cert = pairs.map((pair) => pair.cert);
      options.key = pairs.map((pair) => pair.key);
    }
    try {
      return { secureContext: createSecureContext(options) };
    } catch (cause) {
      throw badCertificates(url, cause, this.#certificateDirectories);
    }
  }

  #certificates(host: string): { readonly authorities: string[]; readonly pairs: { readonly cert: string; readonly key: string }[] } {
    const authorities: string[] = [];
    const pairs: { cert: string; key: string }[] = [];
    for (const directory of this.#certificateDirectories) {
      const folder = join(directory, host);
      for (const name of namesIn(folder)) {
        const path = join(folder, name);
        if (name.endsWith(".crt")) authorities.push(readCertificate(path));
        if (name.endsWith(".cert")) pairs.push({ cert: readCertificate(path), key: readCertificate(path.replace(/\.cert$/, ".key")) });
      }
    }
    return { authorities, pairs };
  }
}

async function agentOf(url: URL): Promise<typeof Agent> {
  return url.protocol === "https:" ? (await import("node:https")).Agent : (await import("node:http")).Agent;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    // ENOTDIR and EACCES too: a folder that this user cannot read must not stop a pull that needs
    // nothing from it.
    if (systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}

function readCertificate(path: string): string {
  try {
    return readRegularFile(path, LARGEST_BUNDLE).toString("utf8");
  } catch (cause) {
    throw badCertificateFile(path, cause);
  }
}
