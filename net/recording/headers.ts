/** Headers of one connection, which a proxy does not pass on (RFC 9110, 7.6.1). */
const OF_A_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Headers of a request that the proxy makes itself. Note that no encoding is asked for, because a
 * digest shall be that of a file, and not of a form in which it was sent.
 */
const OF_THE_PROXY = new Set(["host", "expect", "accept-encoding"]);

/** Returns the headers of a request to a host, as names and values in turn. */
export function requestHeaders(raw: readonly string[], host: string): string[] {
  const kept = passedOn(raw, OF_THE_PROXY);
  // Without the header Node would send the body of a GET as a further request.
  if (valuesOf(raw, "transfer-encoding").length > 0) kept.push("Transfer-Encoding", "chunked");
  return ["Host", host, ...kept];
}

/** Returns the headers of an answer, as names and values in turn. */
export function answerHeaders(raw: readonly string[]): string[] {
  return passedOn(raw, new Set());
}

function passedOn(raw: readonly string[], without: ReadonlySet<string>): string[] {
  const named = new Set(valuesOf(raw, "connection").flatMap((value) => value.split(",").map((name) => name.trim().toLowerCase())));
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (OF_A_CONNECTION.has(name) || without.has(name)) continue;
    // Nobody can ask for a body without its length.
    if (named.has(name) && name !== "content-length") continue;
    kept.push(raw[at] as string, raw[at + 1] as string);
  }
  return kept;
}

function valuesOf(raw: readonly string[], wanted: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && (raw[at - 1] as string).toLowerCase() === wanted);
}
