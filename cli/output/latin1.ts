/** Returns the UTF-8 bytes of `text`, one character each. */
export function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Returns the text whose UTF-8 bytes are the characters of `bytes`. */
export function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
