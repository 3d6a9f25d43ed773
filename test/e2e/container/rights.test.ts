import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { containers, type ContainerKind } from "../../support/container/containers.js";
import { CONTAINER_HOME, runInContainer } from "../../support/container/container.js";
import { requires, withoutContainer } from "../../support/requires.js";

const LOOK = `
printf 'user %s:%s\\n' "$(id -u)" "$(id -g)"
printf 'home %s\\n' "$HOME"
grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status
yes() { "$@" >/dev/null 2>&1 && echo yes || echo no; }
echo "namespace $(yes unshare -Ur true)"
echo "tmpfs $(yes unshare -Urm mount -t tmpfs tmpfs /mnt)"
echo "proc $(yes unshare -Urpmf mount -t proc proc /proc)"
echo "hostname $(yes unshare -Uru hostname x)"
echo "root $(yes touch /written)"
echo "processes $(ls -d /proc/[0-9]* | wc -l | sed 's/[1-9]$/few/')"
stat -c 'null %a' /dev/null
findmnt -no FSTYPE / | sed 's/^/root is /'
`;

/** Returns the rights that such a container has. */
async function look(kind: ContainerKind): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runInContainer(kind, ["sh", "-c", LOOK]);
  if (code !== 0) throw new Error(stderr);
  return stdout.replaceAll("\t", " ").trimEnd().split("\n");
}

const has = (user: string, caps: string, nnp: number, seccomp: number, [namespace, tmpfs, proc, hostname, root]: readonly boolean[]) => {
  const yes = (value: boolean | undefined) => (value ? "yes" : "no");
  return [
    `user ${user}`,
    `home ${user.endsWith(":0") && user !== "0:0" ? "/" : CONTAINER_HOME}`,
    `NoNewPrivs: ${nnp}`,
    `CapEff: ${caps}`,
    `Seccomp: ${seccomp}`,
    `namespace ${yes(namespace)}`,
    `tmpfs ${yes(tmpfs)}`,
    `proc ${yes(proc)}`,
    `hostname ${yes(hostname)}`,
    `root ${yes(root)}`,
    "null 666",
    "processes few",
    "root is overlay",
  ].sort();
};

const [DOCKER, NONE] = ["00000000a80425fb", "0000000000000000"];
const expected = [
  [containers.default, has("0:0", DOCKER, 0, 2, [false, false, false, false, true])],
  [containers.user, has("1000:1000", NONE, 0, 2, [false, false, false, false, false])],
  [containers.randomUser, has("1000650000:0", NONE, 1, 2, [false, false, false, false, false])],
  [containers.randomUserReadonly, has("1000650000:0", NONE, 1, 2, [false, false, false, false, false])],
  [containers.unconfined, has("0:0", DOCKER, 0, 0, [true, true, false, true, true])],
  [containers.unmasked, has("0:0", DOCKER, 0, 0, [true, true, true, true, true])],
  [containers.sysAdmin, has("0:0", "00000000a82425fb", 0, 2, [true, true, false, true, true])],
  [containers.noHostName, has("0:0", DOCKER, 0, 2, [true, true, false, false, true])],
  [containers.noUserNamespaces, has("0:0", DOCKER, 0, 0, [false, false, false, false, true])],
  [containers.noMounts, has("0:0", DOCKER, 0, 2, [true, false, false, true, true])],
] as const;

for (const [kind, found] of expected) {
  const name = Object.entries(containers).find(([, one]) => one === kind)?.[0] ?? "";
  requires(withoutContainer)(`a container has its rights and no more: ${name}`, async (t) => {
    t.deepEqual([...(await look(kind))].sort(), found);
  });
}

requires(withoutContainer)("a privileged container has every capability that this machine has", async (t) => {
  const found = await look(containers.privileged);
  const own = /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  t.true(found.includes(`CapEff: ${own}`), found.join("\n"));
  t.true(found.includes("proc yes"), found.join("\n"));
});

requires(withoutContainer)("what a container writes is gone, but for volumes", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-volume-"));
  try {
    writeFileSync(join(directory, "f"), "before");
    const write = `echo inside >${directory}/f; echo $?; cat ${directory}/f`;
    const lost = await runInContainer(containers.default, ["sh", "-c", write]);
    t.is(lost.stdout, "0\ninside\n", lost.stderr);
    t.is(readFileSync(join(directory, "f"), "utf8"), "before");
    await runInContainer(containers.default, ["sh", "-c", write], { volumes: [directory] });
    t.is(readFileSync(join(directory, "f"), "utf8"), "inside\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("every kind of container is data that differs from the others", (t) => {
  const all = Object.values(containers).map((kind) => JSON.stringify(kind));
  t.is(new Set(all).size, all.length);
});
