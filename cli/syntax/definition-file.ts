import { createReadStream } from "node:fs";
import { hostPath } from "../../api/texts/surroundings.js";
import type { CliEnvironment } from "../environment.js";
import { definitionUnreadable } from "./errors.js";

/** Bytes at which reading stops. The library refuses definitions long before. */
const MOST = 256 * 2 ** 20;

/** Reads the file of `--llb`, or the standard input. */
export async function readDefinitionFile(value: string, environment: CliEnvironment): Promise<Uint8Array> {
  const stream: AsyncIterable<unknown> = value === "-" ? environment.stdin : createReadStream(hostPath(environment, value));
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > MOST) break;
    }
  } catch (error) {
    throw definitionUnreadable(value, error);
  }
  return Buffer.concat(chunks);
}
