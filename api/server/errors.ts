import { TsbuildError, UsageError } from "../../core/errors.js";
import { CallRefused, STATUS } from "../../solver/buildkit/grpc/status.js";

/** Makes the error of an address that cannot be served. */
export function badServerAddress(address: string, why: string, hint: string): UsageError {
  return new UsageError("server/address", `Cannot serve on "${address}": ${why}`, { hint });
}

/** Makes the error of a socket that is in use, or is no socket. */
export function socketTaken(path: string, why: string, cause?: unknown): TsbuildError {
  return new TsbuildError("server/socket", `Cannot serve on "${path}": ${why}`, {
    hint: "Name another socket with --addr unix://PATH, or end what serves there",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the answer to a client that wants what this server does not do. */
export function unsupported(what: string): CallRefused {
  return new CallRefused(STATUS.UNIMPLEMENTED, `tsbuild does not serve ${what}`);
}

/** Makes the answer to a client that names a session which is not there. */
export function noSession(id: string): CallRefused {
  return new CallRefused(STATUS.NOT_FOUND, id === "" ? "the request names no session" : `no active session for ${id}`);
}

/** Makes the answer to a client that names a build which is not there. */
export function noJob(ref: string): CallRefused {
  return new CallRefused(STATUS.NOT_FOUND, ref === "" ? "the request names no build" : `no such job ${ref}`);
}

/** Makes the answer to a client that names a result which it was not given. */
export function noResult(id: string): CallRefused {
  return new CallRefused(STATUS.NOT_FOUND, `there is no result "${id}" in this build`);
}

/** Makes the answer to a request that cannot be read. */
export function badRequest(why: string): CallRefused {
  return new CallRefused(STATUS.INVALID_ARGUMENT, why);
}

/** Makes the answer to a client that asks for a right that the server does not grant. */
export function notGranted(right: string): CallRefused {
  return new CallRefused(STATUS.PERMISSION_DENIED, `${right} is not allowed: start the server with --allow ${right}`);
}

/** Makes the answer to a filter that cannot be read. */
export function badFilter(text: string): CallRefused {
  return new CallRefused(
    STATUS.INVALID_ARGUMENT,
    `cannot read the filter "${text}": expected FIELD, or FIELD and ==, != or ~= and a value`,
  );
}

/** Makes the answer to the id of a build that is not in the history. */
export function noBuild(ref: string): CallRefused {
  return new CallRefused(STATUS.NOT_FOUND, `failed to retrieve ref ${ref}: it is not in the history`);
}

/** Makes the answer to a wish to keep a build for ever. */
export function cannotPin(): CallRefused {
  return new CallRefused(STATUS.UNIMPLEMENTED, "builds cannot be pinned: the history keeps the newest");
}
