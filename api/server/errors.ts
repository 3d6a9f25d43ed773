import { CallRefused, STATUS } from "../../solver/buildkit/grpc/status.js";

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
