import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxMount } from "../../executor-native/contract.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import { ownSleep, processesWith, type Ran, type SandboxRig, tree } from "../support/rigs/sandbox-rig.js";
import { outcome, type StepRow } from "./outcome.js";
import type { Expected } from "./tiers.js";

/**
 * Tries CVE-2024-21626. A descriptor's link is read as the text that it shows; most texts name
 * nothing that a directory can be made of.
 */
function workingDirectory(cwd: string): StepRow {
  return {
    name: `WORKDIR ${cwd}`,
    expected: ["exec/working-directory", "1; /"],
    attempt: (rig, file) => outcome(rig.run(`pwd; cat ../../../../..${file} ../../../..${file} 2>&1 | grep -v 'No such'`, { cwd })),
  };
}

/** Returns the exit of programs that print much. */
async function exitOf(running: Promise<Ran>): Promise<string> {
  return (await outcome(running)).split(";")[0] as string;
}

function command(args: readonly string[], expected: Expected): StepRow {
  return { name: `RUN [${args.slice(0, 2).join(", ")}]`, expected, attempt: (rig) => exitOf(rig.run(args)) };
}

/** Tries CVE-2024-40635. */
function user(text: string, expected: Expected): StepRow {
  return { name: `USER ${text}`, expected, attempt: (rig) => outcome(rig.run("id -u", { user: text })) };
}

/** Makes a directory that a step gets at /v, beside a file that it must not reach. */
function hostDirectory(rig: SandboxRig): { readonly parent: string; readonly mounts: readonly SandboxMount[] } {
  const parent = rig.directory("parent");
  const directory = join(parent, "volume");
  mkdirSync(join(directory, "sub"), { recursive: true });
  for (const name of ["volume/given", "other"]) writeFileSync(join(parent, name), "precious");
  symlinkSync(join(parent, "other"), join(directory, "out"));
  symlinkSync("../other", join(directory, "up"));
  return { parent, mounts: [{ type: "host", directory, selector: "/", dest: "/v" }] };
}

const LIMITED: LimitRequest = { step: { memory: 32 << 20, pids: 500 }, build: {}, strict: false };

const SECRET = Buffer.from("secret").toString("base64");

function mountTarget(dest: string, expected: Expected, look = "true"): StepRow {
  const mounts: readonly SandboxMount[] = [{ type: "tmpfs", dest, size: 0, readonly: false }];
  return { name: `a mount at ${dest}`, expected, attempt: (rig) => outcome(rig.run(look, { mounts })) };
}

/** Tries a secret below a link of the image to a directory of the machine. */
function mountThroughLink(name: string, link: (directory: string) => string): StepRow {
  return {
    name: `a mount through ${name}`,
    expected: "0; secret",
    attempt: (rig) => {
      const [layer, victim] = [rig.directory("layer"), rig.directory("victim")];
      symlinkSync(link(victim), join(layer, "run"));
      const mounts: readonly SandboxMount[] = [{ type: "file", dest: "/run/x", data: SECRET, uid: 0, gid: 0, mode: 0o400 }];
      return outcome(rig.run("cat /run/x; echo", { lowers: [rig.rootfs, layer], mounts }));
    },
  };
}

/** Files that changes are made of. */
const CHANGED = `mkdir /changed /changed/empty; cd /changed; echo text >file; ln -s file link`;

/**
 * Tries every call that changes a file after steps that change nothing: what a step without
 * namespaces leaves there is not looked at. Returns those that no layer holds.
 */
async function changesWithoutTrace(rig: SandboxRig): Promise<string> {
  const first = await rig.run(CHANGED);
  const names = (await rig.run(["/bin/attempts", "changes"])).out.trim().split("\n");
  const lost: string[] = [];
  for (const name of names) {
    const lowers = [rig.rootfs, first.upper];
    for (let i = 0; i < 2; i++) lowers.push((await rig.run("test -e /changed/file", { lowers })).upper);
    const { exit, upper } = await rig.run(["/bin/attempts", "change", name], { lowers });
    if ("code" in exit && exit.code === 0 && tree(upper).length === 0) {
      const { out } = await rig.run("cd /changed; ls; cat file", { lowers: [...lowers, upper] });
      if (name !== "core" || out !== "empty\nfile\nlink\ntext\n") lost.push(name);
    }
  }
  return names.length > 30 ? lost.join(" ") : `only ${names.length} changes`;
}

export const steps: readonly StepRow[] = [
  { name: "changes after steps that change nothing", expected: "", attempt: changesWithoutTrace },

  workingDirectory("/proc/self/fd/3"),
  workingDirectory("/proc/self/fd/7"),
  workingDirectory("/proc/self/fd/8"),
  workingDirectory("/proc/thread-self/fd/5"),
  workingDirectory("/proc/1/fd/3"),
  workingDirectory("/proc/1/root"),
  workingDirectory("/proc/self/cwd"),

  command(["/proc/self/exe"], "125"),
  command(["/proc/self/exe", "probe", "/tmp", "mapped"], "0"),
  command(["/proc/self/exe", "run"], "125"),
  command(["/proc/self/exe", "remove"], "0"),
  command(["/proc/self/exe", "userns", "1", "own", "0 0 1", "0 0 1", "/bin/true"], "125"),
  command(["/proc/self/fd/4"], "126"),
  command(["/proc/1/exe"], "126"),
  {
    name: "#!/proc/self/exe",
    expected: "127",
    attempt: (rig) => exitOf(rig.run("printf '#!/proc/self/exe\\n' >/s; chmod 755 /s; /s")),
  },
  {
    // CVE-2019-5736: a program that is not static is started by the image's loader at this path.
    name: "RUN [/proc/self/exe] with a loader of the image",
    expected: "125",
    attempt: (rig, _file, program) => {
      const layer = rig.directory("layer");
      for (const path of [
        "lib64/ld-linux-x86-64.so.2",
        "lib/ld-linux-aarch64.so.1",
        "lib/ld-musl-x86_64.so.1",
        "lib/ld-musl-aarch64.so.1",
      ]) {
        mkdirSync(join(layer, path, ".."), { recursive: true });
        copyFileSync(program, join(layer, path));
      }
      return exitOf(rig.run(["/proc/self/exe"], { lowers: [rig.rootfs, layer] }));
    },
  },

  {
    name: "a signal to the builder",
    expected: "1",
    attempt: (rig) => exitOf(rig.run(`kill -0 ${process.pid} 2>/dev/null || kill -0 -${process.pid} 2>/dev/null`)),
  },
  {
    name: "the environment of the builder",
    expected: "1",
    attempt: (rig) => exitOf(rig.run(`cat /proc/${process.pid}/environ /proc/${process.ppid}/environ 2>/dev/null | grep -q .`)),
  },
  {
    name: "the machine's file by the step's own root and directory in /proc",
    expected: "1",
    attempt: (rig, file) =>
      exitOf(
        rig.run(
          `cd /proc; cat self/root/../../..${file} /proc/self/cwd/../../..${file} /proc/self/task/$$/root${file} ../../..${file} 2>/dev/null`,
        ),
      ),
  },

  user("2147483648", "exec/unknown-user"),
  user("4294967295", "exec/unknown-user"),
  user("4294967296:0", "exec/unknown-user"),
  user("-1", "exec/unknown-user"),
  user("0x0", "exec/unknown-user"),
  user("1:1:1", "exec/unknown-group"),

  mountTarget("/", "exec/mount-point"),
  mountTarget("/proc", "0"),
  mountTarget("/proc/sys/kernel", "0"),
  mountTarget("/sys/fs/cgroup", "0"),
  mountTarget("/dev", "0; yes", "echo x >/dev/null; test ! -c /dev/null && echo yes"),
  mountTarget("/../../../tmp/../tmp/in", "0; in", "ls /tmp"),
  {
    name: "a read-only volume: written, mounted again, and left by its parent",
    expected: "precious",
    attempt: async (rig) => {
      const parent = rig.directory("parent");
      mkdirSync(join(parent, "volume"));
      for (const name of ["volume/given", "other"]) writeFileSync(join(parent, name), "precious");
      const mounts: readonly SandboxMount[] = [{ type: "bind", source: join(parent, "volume"), dest: "/v", readonly: true }];
      const read = await outcome(
        rig.run(
          `mount -o remount,rw /v; mount --bind /v /tmp; umount /v; rm -f /v/given; echo x >/v/given; chmod 777 /v/given; cat /v/../other /v/../../..${parent}/other /proc/self/cwd/v/../other`,
          { mounts },
        ),
      );
      return read.includes("precious") ? read : readFileSync(join(parent, "volume/given"), "utf8");
    },
  },
  {
    name: "a directory of the machine: written, mounted again, and left by links and its parent",
    expected: "0; precious",
    attempt: async (rig) => {
      const { parent, mounts } = hostDirectory(rig);
      const write = "mount -o remount,rw,suid,dev /v; umount /v; rm -f /v/given; echo x >/v/given; chmod 777 /v/given; mknod /v/null c 1 3";
      const leave = `cat /v/out /v/up /v/../other /v/sub/../../other /v/../../..${parent}/other /proc/self/cwd/v/../other /proc/self/fd/9/../other`;
      const read = await outcome(rig.run(`{ ${write}; exec 9</v; ${leave}; } 2>/dev/null; true`, { mounts }));
      return `${read}; ${readFileSync(join(parent, "volume/given"), "utf8")}`;
    },
  },
  {
    // The kernel ends a way upwards that begins outside of what is mounted.
    name: "a directory of the machine that is moved away under the step",
    expected: "0; moved",
    attempt: async (rig) => {
      const { parent, mounts } = hostDirectory(rig);
      const move = () => {
        renameSync(join(parent, "volume/sub"), join(parent, "sub"));
        writeFileSync(join(parent, "volume/moved"), "");
      };
      const steps =
        "cd /v/sub; echo in >&2; n=0; until test -e /v/moved || test $n = 500; do n=$((n+1)); usleep 1000; done; cat ../other ../../other 2>/dev/null; echo moved";
      let isIn = false;
      const onOutput = (): void => {
        if (!isIn) move();
        isIn = true;
      };
      return (await outcome(rig.run(steps, { mounts, onOutput }))).replace("; in", "");
    },
  },
  ...["/etc", "../../../../../../etc"].map(
    (target): StepRow => ({
      name: `a directory of the machine with a link to ${target} as the part that is mounted`,
      expected: "exec/mount-source",
      attempt: (rig) => {
        const { parent } = hostDirectory(rig);
        symlinkSync(target, join(parent, "volume/way"));
        const mounts: readonly SandboxMount[] = [{ type: "host", directory: join(parent, "volume"), selector: "/way", dest: "/v" }];
        return outcome(rig.run("ls /v", { mounts }));
      },
    }),
  ),
  mountThroughLink("an absolute link", (victim) => victim),
  mountThroughLink("a relative link", (victim) => `../../../../../../..${victim}`),
  mountThroughLink("a link by /proc", (victim) => `/proc/self/root${victim}`),

  {
    // A directory of the layer below, which the attribute would hide or replace in the next step.
    // The kernel escapes the names; owners are the image's own matter.
    name: "attributes of overlayfs that a step sets",
    expected: { mapped: "0; one; 0:0", virtual: "0; one; 4242:4242" },
    attempt: async (rig) => {
      const first = await rig.run("mkdir /d; echo one >/d/one");
      const lowers = [rig.rootfs, first.upper];
      const marked = await rig.run(["/bin/attempts", "overlay", "/d"], { lowers });
      return outcome(rig.run("cat /d/one; stat -c %u:%g /d", { lowers: [...lowers, marked.upper] }));
    },
  },
  {
    // Its first process makes a group, and the limit holds for all that it starts.
    name: "a step that leaves its group",
    expected: ["1; kept", "SIGKILL; kept"],
    attempt: async (rig) => {
      const leave = "for f in $(find / -name cgroup.procs -o -name tasks 2>/dev/null); do echo 0 >$f; done; mkdir /sys/fs/cgroup/x";
      const { exit, report } = await rig.run(`{ ${leave}; } 2>/dev/null; tail /dev/zero; false`, { limits: LIMITED });
      return `${"code" in exit ? exit.code : exit.signal}; ${report.overrun?.kind === "memory" ? "kept" : "out"}`;
    },
  },
  {
    name: "a step that raises its limits",
    expected: ["1; kept", "SIGKILL; kept"],
    attempt: async (rig) => {
      const raise =
        "for f in $(find / -name 'memory.*max' -o -name memory.limit_in_bytes -o -name pids.max 2>/dev/null); do echo 1g >$f; echo max >$f; done";
      const { exit, report } = await rig.run(`{ ${raise}; } 2>/dev/null; tail /dev/zero; false`, { limits: LIMITED });
      return `${"code" in exit ? exit.code : exit.signal}; ${report.overrun?.kind === "memory" ? "kept" : "out"}`;
    },
  },
  {
    name: "a mount of the groups of the machine, with all rights",
    // Root has them in a namespace of its own, where no group is its own either. An ordinary user
    // may see those of the machine, which are not the user's.
    expected: ["0; nothing", "exec/isolation"],
    attempt: (rig) => {
      const look =
        "for f in $(find /m /n -name memory.max -o -name memory.limit_in_bytes 2>/dev/null ); do (: >>$f) 2>/dev/null && echo $f; done";
      const mounts = "mkdir /m /n; mount -t cgroup2 none /m; mount -t cgroup -o memory none /n";
      return outcome(
        rig.run(`{ ${mounts}; } 2>/dev/null; test -z "$(${look})" && echo nothing`, { limits: LIMITED, security: "insecure" }),
      );
    },
  },
  {
    name: "a process that outlives the step",
    expected: "0; none",
    attempt: async (rig) => {
      const sleep = ownSleep(98767);
      const ran = await outcome(rig.run(`trap '' TERM HUP INT; (setsid sh -c 'trap "" TERM HUP; sleep ${sleep}' & ) & sleep 0`));
      return `${ran}; ${processesWith(sleep).length === 0 ? "none" : "left"}`;
    },
  },
];
