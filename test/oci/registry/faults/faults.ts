import { gzipSync } from "node:zlib";
import type { Fault } from "./faulty-registry.js";

const LOGIN_PAGE = "<!doctype html><title>Log in</title><form action=/login>";
const HTML = { "content-type": "text/html", "docker-content-digest": null };
const redirect = (status: number, location: string): Fault => ({
  name: `${status} to ${location}`,
  status,
  headers: { location },
  body: "moved",
});
const realm = (name: string, header: string | null): Fault => ({ name: `challenge: ${name}`, headers: { "www-authenticate": header } });

/** Faults of answers to any request. */
export const FAULTS: readonly Fault[] = [
  ...[400, 401, 402, 403, 404, 405, 406, 409, 410, 413, 416, 418, 422, 429, 451, 500, 501, 502, 503, 504, 505, 507, 511].map(
    (status): Fault => ({ name: `status ${status}`, status, body: JSON.stringify({ errors: [{ code: "DENIED", message: "no" }] }) }),
  ),
  { name: "status 500 without a body", status: 500, body: "" },
  { name: "status 500 with 100 kB of text", status: 500, body: "x".repeat(100_000) },
  { name: "status 404 with a page", status: 404, headers: HTML, body: LOGIN_PAGE },
  { name: "status 429, Retry-After: 1", status: 429, headers: { "retry-after": "1" } },
  { name: "status 429, Retry-After: 86400", status: 429, headers: { "retry-after": "86400" } },
  { name: "status 503, Retry-After: a day in 2999", status: 503, headers: { "retry-after": "Tue, 01 Jan 2999 00:00:00 GMT" } },
  { name: "status 503, Retry-After: soon", status: 503, headers: { "retry-after": "soon" } },
  { name: "status 200 with a login page", status: 200, headers: HTML, body: LOGIN_PAGE },
  { name: "status 201 with a login page", status: 201, headers: HTML, body: LOGIN_PAGE },
  { name: "status 200 without a body", status: 200, headers: { "docker-content-digest": null }, body: "" },
  { name: "status 200 with {}", status: 200, headers: { "docker-content-digest": null }, body: "{}" },
  { name: "status 200 with null", status: 200, headers: { "docker-content-digest": null }, body: "null" },
  { name: "status 200 with a broken document", status: 200, headers: { "docker-content-digest": null }, body: '{"token": "go' },
  { name: "status 202 without a location", status: 202, headers: { location: null, "docker-content-digest": null }, body: "" },
  { name: "status 204", status: 204, headers: { "docker-content-digest": null }, body: "" },
  { name: "status 206 without a range", status: 206 },
  { name: "status 206 with another range", status: 206, headers: { "content-range": "bytes 7-9/10" }, body: "abc" },
  { name: "status 206 with two bytes each time", status: 206, headers: {}, body: (right) => right.subarray(0, 2) },
  { name: "status 304", status: 304, body: "" },
  { name: "status 300", status: 300, body: "" },
  redirect(301, "$ORIGIN/v2/loop"),
  redirect(302, "file:///etc/passwd"),
  redirect(302, "gopher://127.0.0.1/"),
  redirect(302, "http://["),
  redirect(302, "http://user:password@127.0.0.1:1/"),
  redirect(302, "http://127.0.0.1:1/"),
  redirect(303, "/nowhere"),
  redirect(307, "$ORIGIN/nowhere"),
  redirect(308, "//127.0.0.1:1/"),
  { name: "302 without a location", status: 302, headers: { location: null }, body: "" },
  { name: "another digest in its header", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } },
  { name: "no digest in its header", headers: { "docker-content-digest": null } },
  { name: "a digest header that is none", headers: { "docker-content-digest": "sha256:xyz" } },
  { name: "no content type", headers: { "content-type": null } },
  { name: "content type text/html", headers: { "content-type": "text/html" } },
  { name: "content type of another document", headers: { "content-type": "application/vnd.oci.image.index.v1+json" } },
  { name: "no length", headers: { "content-length": null } },
  { name: "a header of 20 kB", headers: { "x-long": "x".repeat(20_000) } },
  { name: "300 headers", headers: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, String(i)])) },
  { name: "compressed for the way", headers: { "content-encoding": "gzip" }, body: (right) => gzipSync(right) },
  { name: "first byte changed", body: (right) => Buffer.from(right.map((byte, index) => (index === 0 ? byte ^ 1 : byte))) },
  { name: "last byte missing", body: (right) => right.subarray(0, -1) },
  { name: "one byte more", body: (right) => Buffer.concat([right, Buffer.from("}")]) },
  { name: "every byte a zero", body: (right) => Buffer.alloc(right.length) },
  { name: "nothing", body: () => Buffer.alloc(0) },
  { name: "cut before the answer", silent: "close" },
  { name: "cut in the headers", end: "cut" },
  { name: "cut in the body", end: "cut-in-body" },
  { name: "status 500, cut in the body", status: 500, end: "cut-in-body" },
  { name: "another protocol", raw: "SSH-2.0-OpenSSH_9.2\r\n" },
  { name: "an alert of TLS", raw: "\x15\x03\x01\x00\x02\x02\x28" },
  { name: "a header without a colon", raw: "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n" },
  { name: "a status that is no number", raw: "HTTP/1.1 abc OK\r\n\r\n" },
  { name: "two lengths", raw: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" },
  { name: "a chunk without an end", raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nab" },
  { name: "103 and then nothing", raw: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" },
  { name: "location: none", headers: { location: null } },
  { name: "location: a file", headers: { location: "file:///tmp/x" } },
  { name: "location: no address", headers: { location: "http://[" } },
  { name: "location: nobody there", headers: { location: "http://127.0.0.1:1/upload" } },
  { name: "location: a service of this machine", headers: { location: "http://169.254.169.254/upload" } },
  { name: "location: with a password", headers: { location: "http://user:password@127.0.0.1:1/upload" } },
  { name: "an endless body", end: "endless" },
  { name: "status 500 and an endless body", status: 500, end: "endless" },
];

/** Faults in which time passes: the client's limits decide how long. */
export const STALLS: readonly Fault[] = [
  { name: "never answers", silent: "stall" },
  { name: "stops in the headers", end: "stall" },
  { name: "stops in the body", end: "stall-in-body" },
  { name: "a byte now and then", end: "trickle" },
  { name: "status 404, stops in the body", status: 404, end: "stall-in-body" },
  { name: "status 500, stops in the body", status: 500, end: "stall-in-body" },
  { name: "status 401, stops in the body", status: 401, end: "stall-in-body" },
  { name: "status 302, stops in the body", status: 302, headers: { location: "/elsewhere" }, end: "stall-in-body" },
  { name: "status 307, a byte now and then", status: 307, headers: { location: "/elsewhere" }, end: "trickle" },
];

/** Faults of the two requests that get a token. */
export const CHALLENGES: readonly Fault[] = [
  realm("none", null),
  realm("another scheme", "Negotiate"),
  realm("basic", 'Basic realm="x"'),
  realm("no realm", 'Bearer service="test"'),
  realm("realm http://[", 'Bearer realm="http://["'),
  realm("realm of a file", 'Bearer realm="file:///etc/passwd"'),
  realm("realm that is empty", 'Bearer realm=""'),
  realm("realm with a password", 'Bearer realm="http://user:password@127.0.0.1:1/"'),
  realm("realm where nobody is", 'Bearer realm="http://127.0.0.1:1/token"'),
  realm("realm of 12 kB", `Bearer realm="$ORIGIN/token?${"x".repeat(12_000)}"`),
  realm("unclosed", 'Bearer realm="'),
];

export const TOKENS: readonly Fault[] = [
  { name: "token: a list", body: "[]" },
  { name: "token: a number", body: '{"token": 7}' },
  { name: "token: empty", body: '{"token": ""}' },
  { name: "token: with a line break", body: JSON.stringify({ token: "a\r\nx: y" }) },
  { name: "token: another member", body: '{"access_token": "good"}' },
  { name: "token: lives for -1 s", body: '{"token": "good", "expires_in": -1}' },
  { name: "token: lives for a text", body: '{"token": "good", "expires_in": "long"}' },
  { name: "token: not accepted", body: '{"token": "bad"}' },
  { name: "token: 2 MiB", body: JSON.stringify({ token: "x".repeat(2 << 20) }) },
];
