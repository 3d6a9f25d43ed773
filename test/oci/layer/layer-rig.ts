import type { TsbuildError } from "../../../core/errors.js";
import { layerTasks } from "../../../oci/layer/task-table.js";
import type { PackEntry } from "../../../oci/layer/model/toc.js";

export const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
export const { scan, pack, extract, apply, diff, recompress } = layerTasks;

export const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
export const mtime = { sec: 1_600_000_000, nsec: 0 };
export const dir = (path: string): PackEntry => ({ path, type: "dir", mode: 0o755, ...own, size: 0, mtime });
export const file = (path: string, text: string): PackEntry => {
  const data = Buffer.from(text);
  return { path, type: "file", mode: 0o644, ...own, size: data.length, mtime, source: { kind: "bytes", data } };
};
export const symlink = (path: string, link: string): PackEntry => ({ path, type: "symlink", mode: 0o777, ...own, size: 0, mtime, link });

export async function rejects(
  t: { is(a: unknown, b: unknown): unknown; truthy(a: unknown): unknown },
  task: Promise<unknown>,
  code: string,
) {
  const error = (await task.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as TsbuildError | undefined;
  t.is(error?.code, code);
  t.truthy(error?.hint);
  return error as TsbuildError;
}

export const plan = {
  entries: [
    file("b/z", "zzz"),
    dir("b"),
    file("b-c", "1"),
    { ...file("b/a", "shared"), mtime: { sec: 1_600_000_000, nsec: 999_999_999 } },
    { ...file("a-link", "shared"), hardlink: "b/a" },
    symlink("s", "b/a"),
    { ...dir("o"), opaque: true, mode: 0o1777 },
    dir("replaced"),
    { ...file("cap", "x"), mode: 0o4755, xattrs: { "user.a": "AP8=", "security.selinux": "eA==", "trusted.overlay.opaque": "eQ==" } },
    { ...file("future", "f"), mtime: { sec: 4_000_000_000, nsec: 5 } },
    { path: "fifo", type: "fifo", mode: 0o600, ...own, size: 0, mtime },
  ] satisfies PackEntry[],
  whiteouts: ["gone", "b/gone", "replaced", "s"],
};

export const text = Buffer.concat(Array.from({ length: 9 }, (_, i) => Buffer.alloc(500_000, `block ${i} of text that compresses\n`)));
