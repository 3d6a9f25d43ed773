import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type FakeRegistry, fakeRegistry, sendBytes, sendJson } from "./registry.js";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Serves the packages whose tarballs are in a folder, as npm's registry does. */
export function npmRegistry(folder: string): Promise<FakeRegistry> {
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => join(folder, name));
  const packages = new Map(tarballs.map((path) => [manifestOf(path).name, path]));
  return fakeRegistry((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const path = packages.get(name);
    const file = tarballs.find((tarball) => name === `files/${basename(tarball)}`);
    if (file !== undefined) return sendBytes(request, response, readFileSync(file));
    if (path === undefined) return sendJson(response, 404, { error: "not found" });
    const manifest = manifestOf(path);
    const integrity = `sha512-${createHash("sha512").update(readFileSync(path)).digest("base64")}`;
    const dist = { tarball: `http://${request.headers.host}/files/${basename(path)}`, integrity };
    const { name: id, version } = manifest;
    return sendJson(response, 200, { name: id, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } });
  });
}

function manifestOf(tarball: string): Manifest {
  const { stdout } = spawnSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" });
  return JSON.parse(stdout) as Manifest;
}
