import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { openProcessStore } from "../../../api/session/process-store.js";
import { temporaryName } from "../../../core/system/temporary-files.js";
import { key, temporaryRoot } from "../../cache/support.js";
import { requires, withoutNamespaces } from "../../support/requires.js";

/** Returns the files of /proc that a call reads, in order. */
function readInProc(call: () => void): readonly string[] {
  const original = fs.readFileSync;
  const paths: string[] = [];
  fs.readFileSync = ((path: unknown, ...rest: never[]) => {
    if (String(path).startsWith("/proc/")) paths.push(String(path));
    return original(path as string, ...rest);
  }) as typeof fs.readFileSync;
  syncBuiltinESMExports();
  try {
    call();
  } finally {
    fs.readFileSync = original;
    syncBuiltinESMExports();
  }
  return paths;
}

/** Files of /proc that decide which isolation works, without those that only `chroot` needs. */
const LOOKED_AT = [
  "/proc/1/cgroup",
  "/proc/self/status",
  "/proc/self/attr/current",
  "/proc/sys/user/max_user_namespaces",
  "/proc/sys/kernel/unprivileged_userns_clone",
  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
];
const OF_CHROOT = ["/proc/self/uid_map", "/proc/self/gid_map"];

// Without namespaces, results of steps with namespaces are not found.
requires(withoutNamespaces()).serial(
  "finding the results of an earlier build reads no file of /proc twice, and the id of the boot once in a process",
  (t) => {
    const root = temporaryRoot(t.teardown);
    const boot = "/proc/sys/kernel/random/boot_id";
    const first = readInProc(() => {
      const store = openProcessStore({ root, isolation: "namespaces" });
      const { id } = store.layers.prepare().commitSnapshot();
      store.results.save({ keys: [key("step")], layers: [id], name: "RUN", components: "" });
      store.close();
      temporaryName(root);
    });
    t.is(first.filter((path) => path === boot).length, 1);
    for (const isolation of ["auto", "namespaces"] as const) {
      const again = readInProc(() => {
        const store = openProcessStore({ root, isolation });
        t.truthy(store.results.lookup(key("step")));
        store.close();
      });
      t.deepEqual([...new Set(again)], again);
      const allowed = isolation === "auto" ? [...LOOKED_AT, ...OF_CHROOT] : LOOKED_AT;
      t.deepEqual(
        again.filter((path) => !allowed.includes(path)),
        [],
      );
    }
  },
);
