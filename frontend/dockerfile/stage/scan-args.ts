/** Build arguments that ask for SBOMs of more than the image, and the thing that each adds. */
export const SCAN_ARGS = { context: "BUILDKIT_SBOM_SCAN_CONTEXT", stage: "BUILDKIT_SBOM_SCAN_STAGE" } as const;

/** Build arguments that configure the build and are never in the environment. */
export const NON_ENVIRONMENT_ARGS: ReadonlySet<string> = new Set(Object.values(SCAN_ARGS));
