import { TsbuildError } from "../../../core/errors.js";
import { type AnyMessage, decode, encode, type ValueOf } from "../../../llb/wire/message.js";
import { protocolError } from "../errors.js";

/** A method of a service, with the forms of its messages. */
export interface Method<Request extends AnyMessage, Response extends AnyMessage> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Request;
  readonly response: Response;
}

export type AnyMethod = Method<AnyMessage, AnyMessage>;

/** Declares a method. */
export function method<Request extends AnyMessage, Response extends AnyMessage>(
  path: string,
  request: Request,
  response: Response,
): Method<Request, Response> {
  return { path, request, response };
}

/** Values of metadata by their names in lower case. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

/** One side of a call: messages in both directions. */
export interface Call<Sent, Received> {
  /** Sends a message. Resolves when more can be sent. */
  send(message: Sent): Promise<void>;
  readonly messages: AsyncIterable<Received>;
}

/** Reads a message of the other side. Throws `builder/protocol` for bytes that are none. */
export function read<M extends AnyMessage>(form: M, bytes: Uint8Array): ValueOf<M> {
  try {
    return decode(form, bytes);
  } catch (error) {
    if (error instanceof TsbuildError)
      throw protocolError(error.message.replace("Cannot read the build definition: ", "cannot read "), error);
    throw error;
  }
}

export { encode as write };
