import type { ValueOf } from "../../../llb/wire/message.js";
import { hostPlatform, normalizePlatform, type Platform } from "../../../oci/platform.js";
import type { RESOLVE_IMAGE_CONFIG, RESOLVE_SOURCE_META } from "../../../solver/buildkit/messages/gateway.js";
import type { PLATFORM } from "../../../solver/buildkit/messages/common.js";
import { readImageAddress } from "../../../llb/sources/image.js";
import { unsupported } from "../errors.js";
import type { Job } from "../job.js";

/** Finds an image for a client. Returns its digest and its config. */
export async function resolveImageConfig(
  job: Job,
  { Ref = "", Platform: wanted, ResolveMode = "" }: ValueOf<typeof RESOLVE_IMAGE_CONFIG.request>,
): Promise<ValueOf<typeof RESOLVE_IMAGE_CONFIG.response>> {
  const found = await job.image(Ref, { platform: platformOf(wanted), pull: ResolveMode === "pull" });
  return { Digest: found.digest, Config: Buffer.from(JSON.stringify(found.config)), Ref: found.ref };
}

/** Finds an image that a source names. Sources of other kinds stay as they are. */
export async function resolveSourceMeta(
  job: Job,
  { Source = {}, Platform: wanted, ResolveMode = "" }: ValueOf<typeof RESOLVE_SOURCE_META.request>,
): Promise<ValueOf<typeof RESOLVE_SOURCE_META.response>> {
  const { identifier = "", attrs = new Map() } = Source;
  const image = readImageAddress(identifier);
  if (!image) return { Source };
  if (image.layout) throw unsupported("images of a client's layout");
  const found = await job.image(image.ref, { platform: platformOf(wanted), pull: ResolveMode === "pull" });
  return {
    Source: { identifier: found.op.identifier, attrs },
    Image: { Digest: found.digest, Config: Buffer.from(JSON.stringify(found.config)) },
  };
}

function platformOf(wanted: ValueOf<typeof PLATFORM> | undefined): Platform {
  if (!wanted?.OS && !wanted?.Architecture) return hostPlatform();
  const { OS: os = "linux", Architecture: architecture = "", Variant: variant = "" } = wanted;
  return normalizePlatform({ os, architecture, ...(variant === "" ? {} : { variant }) });
}
