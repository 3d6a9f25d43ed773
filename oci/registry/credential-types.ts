import type { OnWait } from "../../net/limits.js";

/** Login of a registry. An identity token stands for a password in OAuth2 token requests. */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string };

/** Ends and reports the wait for a program that keeps credentials. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: OnWait | undefined;
}

/**
 * Finds credentials for a registry host (`docker.io`, `localhost:5000`). Undefined means anonymous.
 */
export interface CredentialSource {
  find(registry: string, options?: Waiting): Promise<Credentials | undefined>;
}

/** Place where credentials are kept: a file, unencrypted, or a program. */
export type CredentialPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "helper"; readonly program: string };
