import type { Surroundings } from "./surroundings.js";

/**
 * Returns the addresses among the values of `--builder`, or else that of the environment. A value
 * without a scheme is the name of one of docker's builders, which are not ours.
 */
export function builderAddresses(values: readonly string[], { env }: Pick<Surroundings, "env">): readonly string[] | undefined {
  if (values.length > 0) {
    const addresses = values.filter((value) => !isBuilderName(value));
    return addresses.length > 0 ? addresses : undefined;
  }
  const named = env["TSBUILD_BUILDER"] || env["BUILDKIT_HOST"];
  return named ? [named] : undefined;
}

/** Returns true for a value of `--builder` that chooses among docker's builders. */
export function isBuilderName(value: string): boolean {
  return !value.includes("://");
}
