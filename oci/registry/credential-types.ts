/** Login of a registry. An identity token stands for a password in OAuth2 token requests. */
export type Credentials =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string };

/**
 * Finds credentials for a registry host (`docker.io`, `localhost:5000`). Undefined means anonymous.
 */
export interface CredentialSource {
  find(registry: string, options?: { readonly signal?: AbortSignal }): Promise<Credentials | undefined>;
}

/** Place where credentials are kept: a file, unencrypted, or a program. */
export type CredentialPlace = { readonly kind: "file"; readonly path: string } | { readonly kind: "helper"; readonly program: string };
