/** Parts of a health check that are not as the image says; durations as docker writes them. */
export interface HealthOptions {
  /** Command for the image's shell. False: no check, whatever the image says. */
  readonly command?: string | false;
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly startInterval?: string;
  /** Failures one after the other that make the command unhealthy. */
  readonly retries?: number;
}

/** An image that runs beside the steps of a build. */
export interface ServiceOptions {
  /** Image as FROM names it: a reference, or the name of a context that is an image. */
  readonly image: string;
  /** Variables that win over those of the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** Words in the place of the image's CMD. */
  readonly command?: readonly string[];
  /** Program in the place of the image's ENTRYPOINT, whose CMD then counts no more. */
  readonly entrypoint?: string;
  /** User as in USER. */
  readonly user?: string;
  readonly workdir?: string;
  /** Health check in the place of the image's, or parts of it. */
  readonly health?: HealthOptions;
  /** False lets steps begin as soon as it was started. Default true. */
  readonly wait?: boolean;
  /** Time until it has to be ready, as docker writes durations. Default `2m`. */
  readonly timeout?: string;
  /**
   * True makes it part of the keys of RUN steps that can reach it, by the digest of its image and
   * by its settings. Default false.
   */
  readonly inKeys?: boolean;
}
