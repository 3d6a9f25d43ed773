import { docker, oci } from "./archives.js";
import { cacheonly, local, tar } from "./file-systems.js";
import { image, registry } from "./images.js";

/** Every type of output, in the order of messages. */
export const OUTPUT_TYPES = [oci, docker, local, tar, registry, image, cacheonly] as const;
