import { hostPath } from "../../api/texts/surroundings.js";
import { CanceledError } from "../../core/errors.js";
import { readInput } from "../../core/system/input-pipe.js";
import { checkSize } from "../../core/system/regular-file.js";
import type { CliEnvironment } from "../environment.js";
import { definitionUnreadable } from "./errors.js";

/** Bytes that are read at most. The library refuses definitions long before. */
const MOST = 256 * 2 ** 20;

/** Reads the file of `--llb`, or the standard input. */
export async function readDefinitionFile(value: string, environment: CliEnvironment): Promise<Uint8Array> {
  try {
    if (value === "-") return await readStream(environment.stdin);
    return await readInput(hostPath(environment, value), MOST, environment.signal);
  } catch (error) {
    throw error instanceof CanceledError ? error : definitionUnreadable(value, error);
  }
}

async function readStream(stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    checkSize(size, MOST);
  }
  return Buffer.concat(chunks);
}
