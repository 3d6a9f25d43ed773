import { TsbuildError } from "../../core/errors.js";
import type { HelperFailure } from "../helper-failure.js";

const INSTALL = 'Install pasta (Debian, Ubuntu, Fedora, Alpine: package "passt") or slirp4netns (package "slirp4netns")';

/** Returns the reason why steps share the host's network, and the way out. */
export interface NoNetwork {
  readonly problem: string;
  readonly hint: string;
}

export function noStack(): NoNetwork {
  return { problem: "neither pasta nor slirp4netns is in PATH", hint: INSTALL };
}

export function noNetworkInTier(tier: string): NoNetwork {
  return {
    problem: `isolation "${tier}" has no network namespaces`,
    hint: "Run where user namespaces work (`tsbuild doctor` says what is missing), or use --network=none",
  };
}

export function noTun(isThere: boolean): NoNetwork {
  return isThere
    ? {
        problem: "this user may not open /dev/net/tun, which pasta and slirp4netns need",
        hint: "As root: chmod 666 /dev/net/tun. TSBUILD_NETWORK=host asks for the host's network without this line",
      }
    : {
        problem: "there is no /dev/net/tun, which pasta and slirp4netns need",
        hint: "Load the module tun (modprobe tun), or give the container the device",
      };
}

/** Returns why no stack that is installed could be started. */
export function stacksFailed(failures: readonly string[]): NoNetwork {
  return { problem: failures.join("; "), hint: "Try the other one (packages passt, slirp4netns)" };
}

export function privateNetworkFailed({ problem, hint }: NoNetwork): TsbuildError {
  return new TsbuildError("exec/network", `Cannot give steps a network of their own: ${problem}`, { hint });
}

export function proxyNetworkFailed({ problem, hint }: NoNetwork): TsbuildError {
  return new TsbuildError("exec/network", `Cannot give steps a network whose only way out is a proxy: ${problem}`, { hint });
}

export function proxyNetworkEnded(how: string): TsbuildError {
  return new TsbuildError("exec/network", `Cannot give a step a network with a proxy: the process that holds it ended (${how})`);
}

export function stackDidNotStart(name: string, how: string, output: string): TsbuildError {
  return new TsbuildError("exec/network", `${name} did not start (${how})${output === "" ? "" : `: ${output}`}`);
}

/** Returns the error of every step that was in a network whose stack has ended. */
export function stackEnded(name: string, how: string, output: string): TsbuildError {
  return new TsbuildError(
    "exec/network-gone",
    `The network of this build's steps is gone: ${name} ended (${how})${output === "" ? "" : `: ${output}`}`,
    {
      hint: "Build again; where it comes back, try another stack (pasta, slirp4netns), or --network=host",
    },
  );
}

const EACCES = 13;
const EADDRINUSE = 98;

/** Returns the error of a port of this machine that cannot be had. */
export function portRefused({ message, errno }: HelperFailure): TsbuildError {
  const hint =
    errno === EADDRINUSE
      ? "Another program listens there: choose another port, or none (-p 80) for a free one"
      : errno === EACCES
        ? "Ports below 1024 need root: choose a higher one, such as -p 8080:80"
        : "Choose an address of this machine, such as 127.0.0.1 or 0.0.0.0";
  return new TsbuildError("run/publish", message, { hint });
}

export function forwarderEnded(how: string): TsbuildError {
  return new TsbuildError("run/publish", `Cannot publish ports: the process that forwards them ended (${how})`);
}
