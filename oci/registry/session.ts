import { TsbuildError } from "../../core/errors.js";
import { unlessAborted } from "../../core/tasks/unless-aborted.js";
import { Authorizer } from "./auth.js";
import type { Connections } from "../../net/connections.js";
import type { CredentialSource } from "./credential-types.js";
import { networkErrorCode } from "../../net/errors.js";
import { RegistryError, statusError } from "./errors.js";
import { hostOf, isLoopback } from "../../net/proxy.js";
import { parseRetryAfter, withRetries, type Clock, type RetryOptions } from "../../net/retry.js";
import { discard, startOfBody, type HttpAnswer } from "../../net/body.js";
import { exchange, type HttpRequest } from "../../net/transport.js";

const PART_SIZE = 16 << 20;

/** A request below `/v2/` of a registry, or to an address that the registry returned. */
interface RegistryRequest extends Omit<HttpRequest, "url" | "authorization" | "verify"> {
  readonly target: string | URL;
  readonly scopes: readonly string[];
  /** Statuses that count as answers; every other one is an error. */
  readonly accept: readonly number[];
  /** True repeats temporary failures. Default true. */
  readonly retry?: boolean;
}

interface RegistrySessionOptions {
  readonly registry: string;
  readonly insecure: boolean;
  readonly connections: Connections;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly partSize?: number | undefined;
  /** See {@link Authorizer.identityToken}. */
  readonly wantIdentityToken?: boolean;
}

/**
 * All requests to one registry. The session finds the registry's protocol, authorizes, retries, and
 * turns bad statuses into errors.
 */
export class RegistrySession {
  readonly #options: RegistrySessionOptions;
  readonly #authorizer: Authorizer;
  #base: Promise<URL> | undefined;
  /**
   * Address in plain HTTP that is assumed for a loopback registry until it has answered. Loopback
   * registries usually speak plain HTTP, and nobody can listen there. The first request tries it,
   * and falls back to TLS if the answer says so.
   */
  #assumed: URL | undefined;
  readonly #verify: boolean;

  constructor(options: RegistrySessionOptions) {
    this.#options = options;
    this.#verify = !options.insecure;
    if (isLoopbackRegistry(options.registry)) {
      this.#assumed = new URL(`http://${options.registry}`);
      this.#base = Promise.resolve(this.#assumed);
    }
    this.#authorizer = new Authorizer({ ...options, verify: this.#verify });
  }

  /** Returns the retry options for a request. */
  retrying({ signal, onWait }: Pick<HttpRequest, "signal" | "onWait">): RetryOptions {
    const { clock, connections } = this.#options;
    return { clock, limits: connections.limits, signal, onWait: onWait ?? connections.onWait };
  }

  /** Bytes of one part of an upload that is refused in one piece. */
  get partSize(): number {
    return this.#options.partSize ?? PART_SIZE;
  }

  /** Identity token that a token server returned for use instead of the password. */
  get identityToken(): string | undefined {
    return this.#authorizer.identityToken;
  }

  /**
   * Sends a request until it is answered with an accepted status. The caller reads or discards the
   * body.
   */
  async request(request: RegistryRequest): Promise<HttpAnswer> {
    const attempt = (): Promise<HttpAnswer> => this.#attempt(request);
    return (request.retry ?? true) ? withRetries(attempt, this.retrying(request)) : attempt();
  }

  /** Returns the address of a path below `/v2/`. */
  async #address(path: string, signal: AbortSignal | undefined): Promise<URL> {
    this.#base ??= this.#findBase().catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    });
    return new URL(`/v2/${path}`, await unlessAborted(this.#base, signal));
  }

  async #attempt(request: RegistryRequest): Promise<HttpAnswer> {
    const answer = await this.#send(request);
    if (request.accept.includes(answer.response.status)) return answer;
    throw await this.#statusError(request, answer);
  }

  async #send(request: RegistryRequest): Promise<HttpAnswer> {
    const assumed = this.#assumed;
    if (assumed === undefined) return this.#authorized(request);
    let failure: unknown;
    let answer: HttpAnswer | undefined;
    try {
      answer = await this.#authorized(request);
      // Some TLS servers report in plain HTTP that the request needs TLS: with 400, or a redirect.
      if (answer.response.status !== 400 && answer.url.protocol === "http:") {
        this.#assumed = undefined;
        return answer;
      }
    } catch (error) {
      if (!(error instanceof RegistryError) || !SPEAKS_TLS.test(networkErrorCode(error.cause))) throw error;
      failure = error;
    }
    if (this.#assumed === assumed) {
      this.#assumed = undefined;
      this.#base = undefined;
    }
    if ((await this.#address("", request.signal)).protocol === "http:") {
      if (answer) return answer;
      throw failure;
    }
    if (answer) await discard(answer);
    return this.#authorized(request);
  }

  async #authorized(request: RegistryRequest): Promise<HttpAnswer> {
    const url = typeof request.target === "string" ? await this.#address(request.target, request.signal) : request.target;
    // An upload's address may be on another host, which must not see this registry's token.
    const own = url.origin === (await this.#address("", request.signal)).origin;
    let authorization = own ? await this.#authorizer.header(request.scopes, request) : undefined;
    let answer = await exchange({ ...request, url, authorization, verify: this.#verify }, this.#options.connections);
    if (answer.response.status === 401 && own && answer.url.origin === url.origin) {
      if (await this.#authorizer.challenged(answer.response, url, { ...request, sent: authorization })) {
        await discard(answer);
        authorization = await this.#authorizer.header(request.scopes, request);
        answer = await exchange({ ...request, url, authorization, verify: this.#verify }, this.#options.connections);
      }
    }
    return answer;
  }

  async #statusError(request: RegistryRequest, answer: HttpAnswer): Promise<RegistryError> {
    const { status, headers } = answer.response;
    const body = await startOfBody(answer);
    const retryAfter = parseRetryAfter(headers.get("retry-after"), this.#options.clock);
    return statusError(
      request.what,
      { method: request.method, url: answer.url },
      { status, body, retryAfter },
      status === 401 || status === 403 ? await this.#loginHint() : undefined,
    );
  }

  async #loginHint(): Promise<string> {
    const { registry } = this.#options;
    const login = `tsbuild login${registry === "docker.io" ? "" : ` ${registry}`}`;
    if (await this.#authorizer.hasCredentials())
      return `The stored credentials for ${registry} do not allow this; log in with others: ${login}`;
    const problem = this.#authorizer.credentialError;
    if (problem instanceof TsbuildError) return problem.hint === undefined ? problem.message : `${problem.message}. ${problem.hint}`;
    return `The name may be wrong, or it needs a login: ${login}`;
  }

  /**
   * Finds the protocol by docker's rule: HTTPS, except that a loopback or insecure registry without
   * TLS gets plain HTTP. So a registry with a self-signed certificate works on localhost as well.
   */
  async #findBase(): Promise<URL> {
    const { registry, insecure } = this.#options;
    const secure = new URL(`https://${registry === "docker.io" ? "registry-1.docker.io" : registry}`);
    if (!insecure) return secure;
    try {
      const answer = await exchange(
        { what: `reach ${registry}`, method: "GET", url: new URL("/v2/", secure), verify: false },
        this.#options.connections,
      );
      await discard(answer);
      return secure;
    } catch (error) {
      if (!(error instanceof RegistryError) || !SPEAKS_NO_TLS.test(networkErrorCode(error.cause))) throw error;
      return new URL(`http://${registry}`);
    }
  }
}

/**
 * Error codes of a TLS handshake with a server of plain HTTP: a reply that is no TLS record, or a
 * closed connection.
 */
const SPEAKS_NO_TLS = /^(EPROTO|ECONNRESET|EPIPE|ERR_SSL_.*)$/;

/**
 * Error codes of plain HTTP with a TLS server: an alert, which is no HTTP, or a closed connection.
 */
const SPEAKS_TLS = /^(ECONNRESET|EPIPE|HPE_.*)$/;

/** Returns true for a registry that docker treats as insecure by itself: a loopback host. */
export function isLoopbackRegistry(registry: string): boolean {
  return isLoopback(hostOf(new URL(`http://${registry}`)));
}
