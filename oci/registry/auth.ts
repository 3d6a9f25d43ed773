import { parseChallenges, type Challenge } from "./challenge.js";
import { unlessAborted } from "../../core/tasks/unless-aborted.js";
import type { Connections } from "../../net/connections.js";
import type { Credentials, CredentialSource } from "./credential-types.js";
import { protocolError, statusError } from "./errors.js";
import { isLoopback, hostOf } from "../../net/proxy.js";
import { parseRetryAfter, withRetries, type Clock } from "../../net/retry.js";
import type { OnWait } from "../../net/limits.js";
import type { HttpResponse } from "../../net/response.js";
import { readAll, startOfBody } from "../../net/body.js";
import { exchange, type HttpRequest, resolveLocation } from "../../net/transport.js";

/**
 * Seconds that bearer tokens live when the server does not say: the token specification's default.
 */
const DEFAULT_LIFETIME = 60;
/** Milliseconds before its end at which a token is fetched again. */
const MARGIN = 10_000;
const CLIENT_ID = "tsbuild";

interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Abort signal and wait callback of a caller that waits for a token. */
type Waiting = Pick<HttpRequest, "signal" | "onWait">;

interface AuthorizerOptions {
  readonly registry: string;
  readonly credentials: CredentialSource;
  readonly connections: Connections;
  readonly clock: Clock;
  /**
   * False for a registry that was declared insecure: certificates of its token server are not
   * checked either.
   */
  readonly verify: boolean;
  /**
   * True asks the token server for an identity token as well, to be kept instead of the password.
   */
  readonly wantIdentityToken?: boolean;
}

/**
 * Authorization for one registry: anonymous until the registry challenges, then Basic or a bearer
 * token for each set of scopes. Requests for the same token share one fetch. Credentials go only to
 * the registry itself and to the token server that it names. Credentials never go unencrypted over
 * a network when the registry itself is encrypted.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #challenge: Challenge | undefined;
  /** True when the registry that sent the challenge speaks TLS. */
  #encrypted = true;
  #credentials: Promise<Credentials | undefined> | undefined;
  /** Error of the search for credentials. Shown only when the registry insists on credentials. */
  #credentialError: unknown;
  readonly #tokens = new Map<string, Promise<Token>>();
  #identityToken: string | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /**
   * Returns the `Authorization` header for a request with these scopes. Returns undefined before
   * the first challenge.
   */
  async header(scopes: readonly string[], { signal, onWait }: Waiting = {}): Promise<string | undefined> {
    if (this.#challenge === undefined) return undefined;
    if (this.#challenge.scheme === "basic") {
      const credentials = await unlessAborted(this.#find(onWait), signal);
      return credentials?.kind === "basic" ? basic(credentials) : undefined;
    }
    const key = scopes.join(" ");
    const cached = this.#tokens.get(key);
    if (cached !== undefined) {
      const token = await unlessAborted(cached, signal);
      if (token.expires - MARGIN > this.#options.clock.now()) return `Bearer ${token.value}`;
      if (this.#tokens.get(key) === cached) this.#tokens.delete(key);
    }
    let fetched = this.#tokens.get(key);
    if (fetched === undefined) {
      fetched = this.#fetchToken(this.#challenge, scopes, onWait);
      this.#tokens.set(key, fetched);
      fetched.catch(() => this.#tokens.delete(key));
    }
    return `Bearer ${(await unlessAborted(fetched, signal)).value}`;
  }

  /**
   * Reads the challenge of a 401. Returns true when the request should be sent once more, because a
   * new way to authorize it is known.
   */
  async challenged(
    response: HttpResponse,
    url: URL,
    { sent, scopes, ...waiting }: Waiting & { readonly sent: string | undefined; readonly scopes: readonly string[] },
  ): Promise<boolean> {
    const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
    const challenge =
      challenges.find((candidate) => candidate.scheme === "bearer" && candidate.parameters["realm"] !== undefined) ??
      challenges.find((candidate) => candidate.scheme === "basic");
    if (challenge === undefined) return false;
    const realm = challenge.parameters["realm"];
    this.#challenge =
      challenge.scheme === "bearer" && realm !== undefined
        ? { ...challenge, parameters: { ...challenge.parameters, realm: this.#realm(realm, url).href } }
        : challenge;
    this.#encrypted = url.protocol === "https:";
    // The registry refused the token: it may have been revoked, or the challenge wants another
    // scope.
    if (sent !== undefined) this.#tokens.delete(scopes.join(" "));
    const next = await this.header(scopes, waiting);
    return next !== undefined && next !== sent;
  }

  /** Error of the search for credentials, when the search failed. */
  get credentialError(): unknown {
    return this.#credentialError;
  }

  /**
   * Identity token that the server returned for use instead of the password. Undefined unless one
   * was requested.
   */
  get identityToken(): string | undefined {
    return this.#identityToken;
  }

  /** Returns true when there are credentials to send. */
  async hasCredentials(): Promise<boolean> {
    return (await this.#find()) !== undefined;
  }

  /**
   * Reads the address of a token server. Throws `registry/protocol` for one that no token can be
   * requested from.
   */
  #realm(realm: string, url: URL): URL {
    const address = resolveLocation(realm, url);
    if (address !== undefined) return address;
    throw protocolError(
      `get a token for ${this.#options.registry}`,
      { method: "GET", url },
      `names "${realm.slice(0, 200)}" as its token server`,
    );
  }

  #find(onWait?: OnWait): Promise<Credentials | undefined> {
    const { registry, connections } = this.#options;
    const waiting = { signal: connections.closing, onWait: onWait ?? connections.onWait };
    this.#credentials ??= this.#options.credentials.find(registry, waiting).catch((error: unknown) => {
      // Many pulls need no credentials: a broken helper must not stop them.
      this.#credentialError = error;
      return undefined;
    });
    return this.#credentials;
  }

  async #fetchToken(challenge: Challenge, scopes: readonly string[], onWait: OnWait | undefined): Promise<Token> {
    const { clock, connections } = this.#options;
    const what = `get a token for ${this.#options.registry}`;
    const realm = new URL(challenge.parameters["realm"] as string);
    const credentials = await this.#find(onWait);
    if (credentials !== undefined && realm.protocol === "http:" && !this.#mayBeOpen(realm)) {
      throw protocolError(what, { method: "GET", url: realm }, "would get the password unencrypted");
    }
    const service = challenge.parameters["service"];
    const wanted = [...new Set([...scopes, ...(challenge.parameters["scope"]?.split(" ") ?? [])])].filter((scope) => scope !== "");
    const request =
      credentials?.kind === "identity-token"
        ? oauthRequest(realm, service, wanted, credentials.token)
        : tokenRequest(realm, service, wanted, credentials, this.#options.wantIdentityToken ?? false);
    return withRetries(
      async () => {
        const answer = await exchange({ ...request, what, verify: this.#options.verify, onWait }, connections);
        const { status } = answer.response;
        if (status !== 200) {
          throw statusError(
            what,
            { method: request.method, url: realm },
            { status, body: await startOfBody(answer), retryAfter: parseRetryAfter(answer.response.headers.get("retry-after"), clock) },
            credentials === undefined ? undefined : `The stored credentials for ${this.#options.registry} were not accepted; log in again`,
          );
        }
        const { identity, ...token } = parseToken(await readAll(answer, what, 1 << 20), clock, () =>
          protocolError(what, { method: request.method, url: realm }, "gave no token"),
        );
        if (this.#options.wantIdentityToken) this.#identityToken = identity;
        return token;
      },
      { clock, limits: connections.limits, signal: connections.closing, onWait: onWait ?? connections.onWait },
    );
  }

  /**
   * Returns true when a password may go to a token server unencrypted: on this machine, or where
   * the registry itself is not encrypted.
   */
  #mayBeOpen(realm: URL): boolean {
    if (isLoopback(hostOf(realm)) && isLoopback(hostOf(new URL(`http://${this.#options.registry}`)))) return true;
    return !this.#options.verify && !this.#encrypted;
  }
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  credentials: Credentials | undefined,
  offline: boolean,
): Pick<HttpRequest, "method" | "url" | "authorization"> {
  const url = new URL(realm);
  if (offline) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", CLIENT_ID);
  }
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials?.kind !== "basic") return { method: "GET", url };
  url.searchParams.set("account", credentials.username);
  return { method: "GET", url, authorization: basic(credentials) };
}

function oauthRequest(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  token: string,
): Pick<HttpRequest, "method" | "url" | "headers" | "body" | "confidential"> {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: CLIENT_ID, refresh_token: token, scope: scopes.join(" ") });
  if (service !== undefined) form.set("service", service);
  return {
    method: "POST",
    url: realm,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: Buffer.from(form.toString()),
    confidential: true,
  };
}

function parseToken(body: Buffer, clock: Clock, fail: () => Error): Token & { readonly identity: string | undefined } {
  let answer: {
    readonly token?: unknown;
    readonly access_token?: unknown;
    readonly refresh_token?: unknown;
    readonly expires_in?: unknown;
  };
  try {
    answer = JSON.parse(body.toString("utf8")) as typeof answer;
  } catch {
    throw fail();
  }
  const value = [answer?.token, answer?.access_token].find((candidate) => typeof candidate === "string" && candidate !== "");
  // A header can carry visible ASCII only.
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) throw fail();
  const lifetime = typeof answer.expires_in === "number" && answer.expires_in > 0 ? answer.expires_in : DEFAULT_LIFETIME;
  const identity = typeof answer.refresh_token === "string" && answer.refresh_token !== "" ? answer.refresh_token : undefined;
  return { value, expires: clock.now() + Math.max(lifetime, DEFAULT_LIFETIME) * 1000, identity };
}

function basic(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
}
