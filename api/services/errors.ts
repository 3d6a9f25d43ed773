import { TsbuildError } from "../../core/errors.js";
import { exitText, type RunExit } from "../commands/exit.js";

/** Lines of a service's output that an error repeats. */
const SHOWN = 20;

/** Returns the error of services where steps have no network of their own. */
export function servicesNeedNetwork(notice: string | undefined): TsbuildError {
  return new TsbuildError("service/network", `Cannot start services: ${notice ?? "steps have no network of their own"}`, {
    hint: "A service is reached in the network that steps share: install pasta or slirp4netns, and see tsbuild doctor",
  });
}

export function serviceImageKind(name: string, image: string, kind: string): TsbuildError {
  return new TsbuildError("service/image", `Cannot start service "${name}": the context "${image}" is a ${kind}, and no image`, {
    hint: "Name an image, or a context docker-image://… or oci-layout://…",
  });
}

/** Returns the error of a service that ended before it was ready. */
export function serviceEnded(name: string, exit: RunExit, output: string): TsbuildError {
  return new TsbuildError("service/ended", `Service "${name}" ended ${exitText(exit)} before it was ready${said(output)}`, {
    hint: "tsbuild logs has its whole output",
  });
}

/** Returns the error of a service that is not ready. `why` says what was waited for. */
export function serviceNotReady(name: string, why: string, output: string): TsbuildError {
  return new TsbuildError("service/not-ready", `Service "${name}" is not ready: ${why}${said(output)}`, {
    hint: "timeout=5m waits longer, wait=false does not wait; tsbuild logs has its whole output",
  });
}

function said(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return lines.length === 0 ? "" : `. Its last output: ${lines.slice(-SHOWN).join("; ")}`;
}
