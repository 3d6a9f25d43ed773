/** Functions that release a mount's resources, once the step has ended. */
export type MountReleases = (() => void)[];
