import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../../../core/package-root.js";
import { removeTree } from "../../support/remove-tree.js";
import { notInstalled, requires, withoutMounts, withoutProgram } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

const run = requires(withoutMounts, withoutProgram("crun"), notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined)).serial;

interface Profile {
  readonly syscalls: readonly { readonly names: readonly string[] }[];
}

const PROFILE = join(packageRoot(), "examples/ci/seccomp.json");

const DOCKERFILE = `FROM scratch
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox id -u >/who"]
`;

/** Returns a restricted pod as a bundle for OCI runtimes: any user, no rights, a read-only root. */
function bundle(directory: string, seccomp: Profile): void {
  mkdirSync(join(directory, "rootfs"));
  for (const name of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(directory, "rootfs", name));
  const bound = (path: string) => ({ destination: path, source: path, type: "bind", options: ["rbind", "ro"] });
  const empty = (path: string) => ({ destination: path, source: "tmpfs", type: "tmpfs", options: ["mode=777"] });
  const config = {
    ociVersion: "1.0.0",
    process: {
      user: { uid: 10_001, gid: 10_001 },
      cwd: "/",
      noNewPrivileges: true,
      capabilities: {},
      env: ["PATH=/usr/bin:/bin", "HOME=/state", "TSBUILD_ROOT=/state/store"],
      args: [process.execPath, CLI, "build", "--progress=plain", "-t", "pod", join(directory, "context")],
    },
    root: { path: "rootfs", readonly: true },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      ...["/dev", "/tmp", "/state"].map(empty),
      ...["/usr", "/etc", "/sys", dirname(process.execPath), packageRoot(), dirname(CLI), join(directory, "context")].map(bound),
    ],
    linux: {
      namespaces: ["pid", "mount", "ipc", "uts"].map((type) => ({ type })),
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
      readonlyPaths: ["/proc/sys", "/proc/irq", "/proc/sysrq-trigger"],
      seccomp,
    },
  };
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
}

/** Builds in a restricted pod, and returns what the build printed with its exit code. */
async function buildInPod(seccomp: Profile): Promise<{ readonly code: number; readonly printed: string }> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-pod-"));
  try {
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, "context"));
    copyFileSync(BUSYBOX as string, join(directory, "context/busybox"));
    writeFileSync(join(directory, "context/Dockerfile"), DOCKERFILE);
    bundle(directory, seccomp);
    // crun of Debian 12 wants control groups of one version.
    const script = `umount -l -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
      exec crun --cgroup-manager=disabled --root "$1/state" run -b "$1" "pod-$2"`;
    const child = spawn("unshare", ["-m", "sh", "-c", script, "sh", directory, String(process.pid)], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number>((resolve, reject) => child.once("error", reject).once("close", (code) => resolve(code ?? 1)));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, printed: out + err };
  } finally {
    removeTree(directory);
  }
}

run("a restricted pod runs steps: in namespaces with our seccomp profile, supervised with Docker's", async (t) => {
  const profile = JSON.parse(readFileSync(PROFILE, "utf8")) as Profile;
  const made = await buildInPod(profile);
  t.is(made.code, 0, made.printed);
  t.regex(made.printed, /Steps see the processes outside in \/proc/);
  t.notRegex(made.printed, /isolation "supervised"/);
  const forbidden = new Set(["unshare", "mount"]);
  const docker = {
    ...profile,
    syscalls: profile.syscalls.map((rule) => ({ ...rule, names: rule.names.filter((name) => !forbidden.has(name)) })),
  };
  const supervised = await buildInPod(docker);
  t.is(supervised.code, 0, supervised.printed);
  t.regex(supervised.printed, /steps run with isolation "supervised"/);
});
