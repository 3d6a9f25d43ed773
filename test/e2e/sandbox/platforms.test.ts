import { chmodSync, copyFileSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { adviceOnProcessors } from "../../../executor-native/emulation/advice.js";
import { interpretersHere } from "../../../executor-native/emulation/interpreters.js";
import { processorOf } from "../../../executor-native/emulation/processors.js";
import { TIERS } from "../../../executor-native/tier.js";
import { ordinaryUser, userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";
import { commandAs, type Builder, ownershipOf } from "../../support/rigs/ownership-machine.js";
import { CLI, Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { containers } from "../../support/container/containers.js";
import { runInContainer } from "../../support/container/container.js";
import { notInstalled, reasonIn, requires, withoutContainer, withoutNamespaces, withoutProgram } from "../../support/requires.js";

const COMPILER = "aarch64-linux-gnu-gcc";
const hasInterpreter = interpretersHere().some(({ processor }) => processor.architecture === "arm64");
const missing = [
  process.arch === "x64" ? undefined : "needs a machine that is not arm64",
  notInstalled(hasInterpreter ? undefined : "qemu-user-static"),
  withoutProgram(COMPILER) && "gcc-aarch64-linux-gnu is not installed",
  notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined),
];

/**
 * Prints the machine that it runs on. With an argument, it writes to the pipe of that name, and
 * waits for the end of its input.
 */
const PROGRAM = `
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(int count, char **arguments)
{
	struct utsname name;
	uname(&name);
	if (count < 2)
		return printf("%s %u\\n", name.machine, getuid()) < 0;
	FILE *ready = fopen(arguments[1], "w");
	fputs("ready\\n", ready);
	fclose(ready);
	return getchar() != EOF;
}
`;

/** The image has a shell of this machine beside the program, which looks at it from outside. */
const DOCKERFILE = `FROM scratch
COPY --chmod=755 program busybox /bin/
RUN ["/bin/program"]
RUN ["/bin/busybox", "--install", "-s", "/bin"]
USER 1000
RUN ["/bin/program"]
USER 0
RUN mkfifo /ready /input && { /bin/program /ready </input & } && exec 3>/input && read line </ready \\
 && { (echo changed >/proc/$!/exe) 2>&1; chmod 777 /proc/$!/exe 2>&1; chown 1:1 /proc/$!/exe 2>&1; true; } && rm /ready /input
RUN --security=insecure (echo changed >/proc/sys/fs/binfmt_misc/register) 2>&1; mkdir /b; mount -t binfmt_misc b /b 2>&1 && umount /b; rmdir /b
`;

/**
 * A copy of the emulator lies in the root while a step runs. It is no part of a layer, and what a
 * step does to it is its own affair.
 */
const UNPRIVILEGED = `FROM scratch AS made
COPY --chmod=755 program busybox /bin/
RUN ["/bin/program"]
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN for file in /run/tsbuild/qemu-*; do echo changed >$file; done
USER 1000
RUN /bin/program
FROM made
COPY --from=made / /made/
RUN test ! -e /made/run
`;

async function buildForeign(t: ExecutionContext, builder: Builder): Promise<void> {
  const rig = new Rig();
  try {
    const context = rig.context("context", { Dockerfile: DOCKERFILE, "program.c": PROGRAM });
    copyFileSync(BUSYBOX as string, rig.path("context", "busybox"));
    const made = await rig.spawn(COMPILER, ["-static", "-o", `${context}/program`, `${context}/program.c`]).ended;
    t.is(made.code, 0, made.stderr);
    const interpreter = interpretersHere().find(({ processor }) => processor.architecture === "arm64")?.path as string;
    const before = machineState(interpreter);
    const [command, ...rest] = [
      ...commandAs(rig, builder),
      "build",
      "--progress=plain",
      "--platform=linux/arm64",
      "--allow=security.insecure",
    ];
    const env = { TSBUILD_OWNERSHIP: ownershipOf(builder) };
    const { code, stderr } = await rig.spawn(command, [...rest, "-o", "type=cacheonly", context], { env }).ended;
    t.is(code, 0, stderr);
    t.regex(stderr, /aarch64 0\n/);
    t.regex(stderr, /aarch64 1000\n/);
    // The emulator is a file of the machine, and a step has it in /proc.
    t.is(stderr.match(/\/exe: Read-only file system/g)?.length, 3, stderr);
    t.deepEqual(machineState(interpreter), before);
  } finally {
    await rig.dispose();
  }
}

/** Returns the state of the machine that a step of another platform must not change. */
function machineState(interpreter: string): readonly string[] {
  const place = "/proc/sys/fs/binfmt_misc";
  return [interpreter, ...(existsSync(place) ? readdirSync(place) : [])];
}

requires(...missing, withoutNamespaces())("steps of another platform run, and their emulator stays as it is", (t) =>
  buildForeign(t, "mapped"),
);

for (const [who, found] of [
  ["an ordinary user with a range of ids", ordinaryUser()],
  ["an ordinary user without one", userWithoutIds()],
] as const) {
  const user = whoCanReach(found, CLI);
  requires(
    ...missing,
    reasonIn(user),
    withoutNamespaces(),
  )(`steps of another platform run: ${who}`, (t) => buildForeign(t, user as Builder));
}

requires(...missing, withoutContainer)("steps of another platform run without any privilege", async (t) => {
  const rig = new Rig();
  try {
    const context = rig.context("context", { Dockerfile: UNPRIVILEGED, "program.c": PROGRAM });
    copyFileSync(BUSYBOX as string, rig.path("context", "busybox"));
    const made = await rig.spawn(COMPILER, ["-static", "-o", `${context}/program`, `${context}/program.c`]).ended;
    t.is(made.code, 0, made.stderr);
    chmodSync(rig.path(), 0o755);
    const command = [process.execPath, CLI, "build", "--progress=plain", "--platform=linux/arm64", "-o", "type=cacheonly", context];
    const { code, stderr } = await runInContainer(containers.randomUser, command, {
      volumes: [rig.path()],
      env: { TSBUILD_ROOT: "/var/tmp/store" },
    });
    t.is(code, 0, stderr);
    t.regex(stderr, /isolation "supervised"[^]*aarch64 0\n[^]*aarch64 1000\n/);
  } finally {
    await rig.dispose();
  }
});

requires(notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined))(
  "a step whose programs nothing here runs says which platform they are for and what to install",
  async (t) => {
    const rig = new Rig();
    try {
      const context = rig.context("context", { Dockerfile: 'FROM scratch\nCOPY --chmod=755 program /program\nRUN ["/program"]\n' });
      // This ELF header has a version for which no emulator is registered on this machine.
      const header = Buffer.alloc(128);
      header.write("\u007fELF", "latin1");
      header.set([2, 1, 9], 4);
      header.writeUInt16LE(2, 16);
      header.writeUInt16LE(process.arch === "arm64" ? 62 : 183, 18);
      writeFileSync(rig.path("context", "program"), header);
      const platform = process.arch === "arm64" ? "linux/amd64" : "linux/arm64";
      const { code, stderr } = await rig.cli(["build", "--progress=plain", `--platform=${platform}`, "-o", "type=cacheonly", context]);
      t.is(code, 1);
      // A container has one of the tiers without namespaces, where other things help.
      const tier = TIERS.find((one) => stderr.includes(`steps run with isolation "${one}"`)) ?? "namespaces";
      const advice = adviceOnProcessors(tier, processorOf(platform)?.qemu);
      t.true(
        stderr.replaceAll(/\s+/g, " ").includes(`The image is for ${platform}, and nothing here runs such programs. ${advice}`),
        stderr,
      );
    } finally {
      await rig.dispose();
    }
  },
);
