import { existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { type FakeRegistry, fakeRegistry, type SeenRequest, sendBytes } from "./registry.js";

/**
 * Pace of a blob of {@link layoutRegistry}: at once, in small pieces, half of it and then nothing
 * more, or not at all (404).
 */
export type Pace = "at once" | "slowly" | "stalls" | "missing";

/** Bytes of a piece of what is sent slowly. */
const PIECE = 32 << 10;

/**
 * Serves OCI layouts as repositories, `latest` each. `paces` sets the pace of a repository's
 * layers, by their place. A path `/files/NAME` serves some bytes at the pace of that name.
 */
export function layoutRegistry(
  layouts: Readonly<Record<string, { readonly directory: string; readonly pace?: (layer: number) => Pace }>>,
  files: Readonly<Record<string, { readonly bytes: Buffer; readonly pace: Pace }>> = {},
): Promise<FakeRegistry> {
  return fakeRegistry(async (request, response) => {
    const url = new URL(request.url, "http://registry").pathname;
    const file = files[url.replace("/files/", "")];
    if (url.startsWith("/files/") && file) return await send(request, response, file.bytes, file.pace);
    if (url === "/v2/") return void response.end("{}");
    const [, name = "", kind, reference = ""] = /^\/v2\/([^/]+)\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    const layout = layouts[name];
    if (!layout) return void response.writeHead(404).end();
    const manifestDigest = digests(layout.directory).manifest;
    const digest = kind === "manifests" && reference === "latest" ? manifestDigest : reference;
    const path = join(layout.directory, "blobs", digest.replace(":", "/"));
    if (!existsSync(path)) return void response.writeHead(404).end();
    const bytes = readFileSync(path);
    if (kind === "manifests") return sendBytes(request, response, bytes, mediaTypeOf(bytes));
    const layer = digests(layout.directory).layers.indexOf(digest);
    await send(request, response, bytes, layer < 0 ? "at once" : (layout.pace?.(layer) ?? "at once"));
  });
}

async function send(request: SeenRequest, response: ServerResponse, bytes: Buffer, pace: Pace): Promise<void> {
  if (pace === "missing") return void response.writeHead(404).end();
  if (pace === "at once" || request.method === "HEAD") return sendBytes(request, response, bytes);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length });
  const end = pace === "stalls" ? bytes.length >> 1 : bytes.length;
  for (let at = 0; at < end && !response.destroyed; at += PIECE) {
    response.write(bytes.subarray(at, Math.min(end, at + PIECE)));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  if (pace === "slowly") response.end();
}

const mediaTypeOf = (bytes: Buffer): string => (JSON.parse(bytes.toString("utf8")) as { readonly mediaType: string }).mediaType;

function digests(directory: string): { readonly manifest: string; readonly layers: readonly string[] } {
  const index = JSON.parse(readFileSync(join(directory, "index.json"), "utf8")) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  const manifest = index.manifests[0]?.digest ?? "";
  const { layers } = JSON.parse(readFileSync(join(directory, "blobs", manifest.replace(":", "/")), "utf8")) as {
    readonly layers: readonly { readonly digest: string }[];
  };
  return { manifest, layers: layers.map(({ digest }) => digest) };
}
