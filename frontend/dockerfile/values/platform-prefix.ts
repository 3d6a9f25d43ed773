import { TsbuildError } from "../../../core/errors.js";
import { formatPlatform, normalizePlatform, parsePlatform, type Platform } from "../../../oci/platform.js";
import type { Variables } from "./expand.js";

/**
 * Returns `linux/amd64`, or `linux/amd64->arm64` in a stage that runs there but builds for another
 * platform, as its TARGET variables say.
 */
export function platformPrefix(platform: Platform, variables: Variables): string {
  const target = targetOf(platform, variables);
  if (!target || (target.os === platform.os && target.architecture === platform.architecture)) return formatPlatform(platform);
  const shown = target.os === platform.os ? formatPlatform(target).slice(target.os.length + 1) : formatPlatform(target);
  return `${formatPlatform(platform)}->${shown}`;
}

function targetOf(platform: Platform, variables: Variables): Platform | undefined {
  const whole = variables.get("TARGETPLATFORM");
  if (whole !== undefined) {
    try {
      return parsePlatform(whole);
    } catch (error) {
      // The user may set the variable to any text.
      if (!(error instanceof TsbuildError)) throw error;
    }
  }
  const os = variables.get("TARGETOS");
  const architecture = variables.get("TARGETARCH");
  const variant = variables.get("TARGETVARIANT");
  if (os === undefined && architecture === undefined && variant === undefined) return undefined;
  return normalizePlatform({ os: os || platform.os, architecture: architecture || platform.architecture, ...(variant ? { variant } : {}) });
}
