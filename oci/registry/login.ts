import { loginRefused, RegistryError, registryFailures } from "./errors.js";
import { Connections, defaultCertificateDirectories } from "../../net/connections.js";
import type { OnWait } from "../../net/limits.js";
import type { Environment } from "../../net/proxy.js";
import { systemClock } from "../../net/retry.js";
import { discard } from "../../net/body.js";
import type { Credentials } from "./credential-types.js";
import { isLoopbackRegistry, RegistrySession } from "./session.js";

/**
 * Tries credentials at a registry: `GET /v2/`, with a token when the registry asks for one. Returns
 * the credentials to keep: an identity token where the token server returns one, else the
 * credentials themselves. An open registry accepts any. Throws `registry/login-refused`, or the
 * error of the exchange.
 */
export async function checkCredentials(
  registry: string,
  credentials: Credentials,
  { env, signal, onWait }: { readonly env: Environment; readonly signal?: AbortSignal | undefined; readonly onWait?: OnWait },
): Promise<Credentials> {
  const certificateDirectories = defaultCertificateDirectories(env);
  const connections = new Connections({ env, certificateDirectories, failures: registryFailures, onWait });
  const session = new RegistrySession({
    registry,
    insecure: isLoopbackRegistry(registry),
    connections,
    credentials: { find: () => Promise.resolve(credentials) },
    clock: systemClock,
    wantIdentityToken: credentials.kind === "basic",
  });
  const what = `log in to ${registry}`;
  try {
    const answer = await session.request({ what, method: "GET", target: "", scopes: [], accept: [200], signal });
    await discard(answer);
  } catch (error) {
    if (!(error instanceof RegistryError) || (error.status !== 401 && error.status !== 403)) throw error;
    const who = credentials.kind === "basic" ? `as "${credentials.username}"` : "with the identity token";
    const said = error.details.map(({ code, message }) => (message === "" ? code : message)).join("; ");
    const why = said === "" ? "" : ` (${said})`;
    throw loginRefused(what, who, why, error);
  } finally {
    connections.close();
  }
  return session.identityToken === undefined ? credentials : { kind: "identity-token", token: session.identityToken };
}
