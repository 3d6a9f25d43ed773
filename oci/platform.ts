/** A platform as OCI names it. Text form: `os/architecture[/variant]`, for example `linux/arm64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}
