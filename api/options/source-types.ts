/**
 * Source of a secret's value: a file, a variable of the environment, or the value itself. At most
 * 500 KiB.
 */
export type SecretSource = { readonly src: string } | { readonly env: string } | { readonly value: string | Uint8Array };

/**
 * A running agent, or private keys (files without a passphrase) for an agent that the build starts.
 */
export type SshSource = { readonly socket: string } | { readonly keys: readonly string[] };

/** Text of a Dockerfile, and the name that messages call it by. */
export interface DockerfileText {
  readonly text: string;
  readonly name?: string;
}
