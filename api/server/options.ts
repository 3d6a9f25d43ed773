import type { Right } from "../options/options.js";

/** Files of TLS, in PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** Certificates of the authorities whose clients may build. */
  readonly ca: string;
}

export interface ServeOptions {
  /**
   * Addresses: `unix://PATH`, or `tcp://HOST:PORT` with `tls`. Default: a socket of this user, see
   * {@link Server.addresses}.
   */
  readonly addresses?: readonly string[];
  readonly tls?: ServerTls;
  /** True serves TCP without TLS: whoever reaches the port builds as this user. Default false. */
  readonly openToAnyone?: boolean;
  /** Directory of the store. Default: that of a build. */
  readonly root?: string;
  /** Isolation of steps, as in the options of a build. */
  readonly isolation?: string;
  /**
   * Rights that clients may ask for: `network.host`, `security.insecure`, `device`, `device=NAME`.
   */
  readonly allow?: readonly Right[];
  /** Steps of one build that run at once. Default: that of a build. */
  readonly jobs?: number;
  /** Builds that run at once; others wait. Default: no limit. */
  readonly maxBuilds?: number;
  /** Ends the server, with every build in it. */
  readonly signal?: AbortSignal;
}

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** Addresses at which clients find it. */
  readonly addresses: readonly string[];
  /** Resolves when the server has ended. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}
