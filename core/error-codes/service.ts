import type { ErrorEntry } from "./entry.js";

export const SERVICE_ERRORS = {
  "service/ended": {
    title: "A service that ended too early",
    cause: "The command of a service ended before the service was ready.",
    wayOut: "Its output says why: often a variable is missing, or another service of the build listens on the same port.",
  },
  "service/image": {
    title: "A service that is no image",
    cause: "The name of the image is that of a build context, and the context is something else.",
    wayOut: "Name another image, or another context.",
  },
  "service/network": {
    title: "Services without a network",
    cause: "Steps reach services in a network of their own, and there is none here.",
    wayOut: "Install pasta or slirp4netns; `tsbuild doctor` says what is missing.",
  },
  "service/not-ready": {
    title: "A service that does not become ready",
    cause: "Its health check failed as often as it may, or its time was up before the check passed or a port listened.",
    wayOut: "Look at its output with `tsbuild logs`. A slow start needs a longer `timeout`, or a start period in HEALTHCHECK.",
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
