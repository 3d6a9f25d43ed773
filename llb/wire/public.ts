/**
 * Types of the wire that programs see. Note that nothing here names a message, because users do not
 * install the package that the forms of messages are made with.
 */

export interface WriteOptions {
  /** Platform of operations that name none, `os/architecture[/variant]`. */
  readonly platform: string;
  /**
   * Place in which the daemon looks for images first: its own store, or registries alone. Undefined
   * leaves it to the daemon. Clients of a Docker Engine say `local`.
   */
  readonly images?: "local" | "pull";
}

/** A vertex as `buildctl debug dump-llb` prints it: plain JSON with its names. */
export interface VertexJson {
  readonly Op: Readonly<Record<string, unknown>>;
  readonly Digest: string;
  readonly OpMetadata: Readonly<Record<string, unknown>>;
}
