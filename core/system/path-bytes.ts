import { isUtf8 } from "node:buffer";

/**
 * Returns the text of a file name, which is bytes. A name that is UTF-8 is its text. Every byte
 * 0x80+n outside a well-formed sequence becomes the lone surrogate U+DC80+n, as with Python's
 * `surrogateescape`, so that no name is lost or changed.
 */
export function decodePath(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  let text = "";
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (buffer[at] as number));
      at++;
    } else {
      text += buffer.toString("utf8", at, at + length);
      at += length;
    }
  }
  return text;
}

/** Returns the bytes of a path made by {@link decodePath}. */
export function encodePath(text: string): Buffer {
  if (!hasEscapes(text)) return Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (!isEscape(text, at)) continue;
    if (at > start) parts.push(Buffer.from(text.slice(start, at), "utf8"));
    parts.push(Buffer.of(text.charCodeAt(at) - 0xdc00));
    start = at + 1;
  }
  if (start < text.length) parts.push(Buffer.from(text.slice(start), "utf8"));
  return Buffer.concat(parts);
}

/** Returns `path` as `node:fs` needs it: the string itself, or its bytes when it is not UTF-8. */
export function fsPath(path: string): string | Buffer {
  return hasEscapes(path) ? encodePath(path) : path;
}

/** Returns the number of bytes that {@link encodePath} makes of `text`. */
export function pathByteLength(text: string): number {
  return hasEscapes(text) ? encodePath(text).length : Buffer.byteLength(text);
}

function hasEscapes(text: string): boolean {
  if (text.isWellFormed()) return false;
  for (let at = 0; at < text.length; at++) if (isEscape(text, at)) return true;
  return false;
}

/** Returns true for a low surrogate in the escape range that is not the second half of a pair. */
function isEscape(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit < 0xdc80 || unit > 0xdcff) return false;
  const before = at > 0 ? text.charCodeAt(at - 1) : 0;
  return before < 0xd800 || before > 0xdbff;
}

/** Returns the length of the well-formed UTF-8 sequence at `at`, or 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
