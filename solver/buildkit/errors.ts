import { TsbuildError, UsageError } from "../../core/errors.js";

/** Makes the error of an address that cannot be read. */
export function badAddress(address: string, why: string): UsageError {
  return new UsageError("builder/address", `Cannot use "${address}" as the address of a builder: ${why}`, {
    hint: "Give unix://PATH, tcp://HOST:PORT, docker://, docker-container://NAME, podman-container://NAME, kube-pod://NAME or ssh://HOST",
  });
}

/** Makes the error of a builder that nothing leads to. */
export function unreachable(address: string, why: string, cause?: unknown): TsbuildError {
  return new TsbuildError("builder/unreachable", `Cannot reach the builder ${address}: ${why}`, {
    hint: "See that a BuildKit runs there and that you may use it",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the error of a connection that ended too early. */
export function connectionLost(address: string, why: string, cause?: unknown): TsbuildError {
  return new TsbuildError("builder/lost", `The connection to the builder ${address} was lost: ${why}`, {
    hint: "Build again: finished steps are in the builder's cache",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the error of a builder whose messages are not those of the protocol. */
export function protocolError(what: string, cause?: unknown): TsbuildError {
  return new TsbuildError("builder/protocol", `The builder breaks the protocol: ${what}`, {
    hint: "Use a builder that you trust, of a version that you know",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the error of a result that is not what the build makes. */
export function badResult(why: string, cause?: unknown): TsbuildError {
  return new TsbuildError("builder/result", `Cannot use the builder's result: ${why}`, {
    hint: "Build again; if it stays so, the builder is of a version that tsbuild does not know",
    ...(cause === undefined ? {} : { cause }),
  });
}
