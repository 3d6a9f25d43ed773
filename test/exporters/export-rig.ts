import { execFileSync } from "node:child_process";
import type { ExecutionContext } from "ava";
import type { Exporter, ExportImage, ExportRequest } from "../../exporters/exporter.js";
import { TarParser } from "../../oci/tar/reader.js";
import type { Store } from "../../cache/store.js";
import { exportContext, temporaryDirectory, testImage, testLayer, testStore, type TestEntry } from "../support/images/images.js";

export const NAMES = ["docker.io/library/app:1", "ghcr.io/a/b:two"];

const BOTTOM: readonly TestEntry[] = [
  { name: "etc", type: "dir", mode: 0o755 },
  { name: "etc/passwd", text: "root:x:0:0\n" },
  { name: "bin", type: "dir", mode: 0o555 },
  { name: "bin/su", mode: 0o4755, text: "#!su\n" },
  { name: "bin/sh", type: "symlink", link: "/bin/su", mode: 0o777 },
  { name: "bin/su2", type: "hardlink", link: "bin/su", mode: 0o755 },
  { name: "bin/su3", type: "hardlink", link: "bin/su", mode: 0o4755 },
  { name: "gone", text: "x" },
  { name: "dir", type: "dir", mode: 0o1777 },
  { name: "dir/old", text: "old" },
  { name: "was-file", text: "f" },
  { name: "dev", type: "char", device: { major: 1, minor: 3 }, mode: 0o666 },
];
const TOP: readonly TestEntry[] = [
  { name: "etc", type: "dir", mode: 0o750, uid: 1000 },
  { name: "etc/new", text: "n".repeat(3_000_000), uid: 300_000, mtime: { sec: 1_700_000_001, nsec: 500_000_000 } },
  { name: ".wh.gone", text: "" },
  { name: "bin/.wh.su", text: "" },
  { name: "dir", type: "dir", mode: 0o1777 },
  { name: "dir/.wh..wh..opq", text: "" },
  { name: "dir/fresh", text: "fresh" },
  { name: "was-file", type: "dir" },
  { name: "was-file/in", text: "in", xattrs: { "user.k": Buffer.from([0, 255]).toString("base64") } },
];

export function rig(t: ExecutionContext): { readonly store: Store; readonly dir: string } {
  const { store, close } = testStore();
  const directory = temporaryDirectory();
  t.teardown(() => {
    close();
    execFileSync("chmod", ["-R", "u+rwx", directory.path]);
    directory.remove();
  });
  return { store, dir: directory.path };
}

export function stacked(store: Store): ExportImage {
  return testImage([testLayer(store, BOTTOM), testLayer(store, TOP, "uncompressed")]);
}

export const run = (exporter: Exporter, request: ExportRequest, store: Store, signal?: AbortSignal) =>
  exporter.export(request, exportContext(store, signal));

/** Returns the entries of a tar as lines: type, mode, owner, size, name, link; and its texts. */
export function list(tar: Buffer): { readonly lines: readonly string[]; readonly files: ReadonlyMap<string, Buffer> } {
  const lines: string[] = [];
  const files = new Map<string, Buffer>();
  let name = "";
  const parser = new TarParser({
    entry(header) {
      name = header.name.replace(/\/$/, "");
      lines.push(
        `${header.type} ${header.mode.toString(8)} ${header.uid}:${header.gid} ${header.size} ${name}${header.link === undefined || header.link === "" ? "" : ` -> ${header.link}`}`,
      );
      if (header.type === "file") files.set(name, Buffer.alloc(0));
    },
    data: (chunk) => void files.set(name, Buffer.concat([files.get(name) as Buffer, chunk])),
    end: () => undefined,
  });
  parser.push(tar);
  parser.finish();
  return { lines, files };
}

export const json = (bytes: Buffer | undefined) => JSON.parse((bytes as Buffer).toString("utf8"));
