/** Numbers of BuildKit's enumerations, by our words. */

export const NETWORK = { default: 0, host: 1, none: 2 } as const;
export const SECURITY = { sandbox: 0, insecure: 1 } as const;
export const CACHE_SHARING = { shared: 0, private: 1, locked: 2 } as const;
export const MOUNT_TYPE = { bind: 0, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;

/** The agent of SSH without a name, which has an empty one there. */
export const DEFAULT_AGENT = "default";

/** The directory that BuildKit's frontend makes for a cache mount with an owner or a mode. */
export const PREPARED_CACHE = "/cache";

/** Time of the source, or of the build. */
export const ANY_TIME = -1;

/** Mode that is not set. */
export const ANY_MODE = -1;

/** Owner and mode of a cache mount for which no directory is made beforehand. */
export const PLAIN_CACHE = { uid: 0, gid: 0, mode: 0o755 };
