import type { BuiltImage } from "../../frontend/frontend.js";
import type { CredentialSource } from "../../oci/registry/credential-types.js";
import type { Secrets } from "../../solver/ports.js";

/** Wishes for the files of a client's directory. */
export interface WantedFiles {
  /** Name by which the client knows the directory. */
  readonly name: string;
  readonly excludePatterns: readonly string[];
  /** Paths that are read, with what their links lead to; undefined for all. */
  readonly paths?: readonly string[] | undefined;
  /** True for texts that are read before the build, such as the Dockerfile. */
  readonly texts?: true;
  /** Session of another client whose directory it is. Default: that of the build. */
  readonly session?: string | undefined;
}

/** The client of a build on another machine: the files, secrets and logins that stay with it. */
export interface ClientPorts {
  /** Names of the directories with the context and the Dockerfile; undefined for a remote one. */
  readonly directories: { readonly context: string | undefined; readonly dockerfile: string | undefined };
  /** Context and Dockerfile as a record names them. */
  readonly origin: { readonly context: string; readonly dockerfile: string };
  readonly secrets: Secrets;
  readonly credentials: CredentialSource;
  /** Brings files here. Returns their directory, which stays as it is until the build ends. */
  bring(wanted: WantedFiles): Promise<string>;
  /** Returns a result of another build that is the named context of this one. */
  input(name: string): BuiltImage | undefined;
}
