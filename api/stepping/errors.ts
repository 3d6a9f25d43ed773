import { UsageError } from "../../core/errors.js";
import { formatPlatform, type Platform } from "../../oci/platform.js";

/** Returns the error of a build for several platforms, whose steps have no one order. */
export function severalPlatforms(platforms: readonly Platform[]): UsageError {
  const names = platforms.map(formatPlatform).join(" and ");
  return new UsageError("options/invalid", `Cannot stop between the steps of a build for ${names}`, { hint: "choose one platform" });
}
