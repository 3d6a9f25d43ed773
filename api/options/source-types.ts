/**
 * Where a secret's value comes from: a file, a variable of the environment, or the value itself. At
 * most 500 KiB.
 */
export type SecretSource = { readonly src: string } | { readonly env: string } | { readonly value: string | Uint8Array };

/**
 * An agent that runs already, or private keys (files without a passphrase) that the build starts
 * one for.
 */
export type SshSource = { readonly socket: string } | { readonly keys: readonly string[] };

/** Text of a Dockerfile, and the name that messages call it by. */
export interface DockerfileText {
  readonly text: string;
  readonly name?: string;
}
