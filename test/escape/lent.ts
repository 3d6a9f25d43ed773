import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { SandboxMount } from "../../executor-native/contract.js";
import { metadata, ownSleep, processesWith, type SandboxRig, tree } from "../support/rigs/sandbox-rig.js";
import { outcome, type StepRow } from "./outcome.js";

// Things that a step is lent beside its files: devices of the machine, and services of its build.

/** A device of the machine that every user may open, and whose writers hear that it is full. */
const DEVICE = "/dev/full";
const given = (dest: string): readonly SandboxMount[] => [{ type: "device", source: DEVICE, dest }];

/** Returns a command that prints 1 for a path that is that device, and 0 for others. */
const isFull = (path: string): string => `(echo x >${path}) 2>&1 | grep -c 'No space'`;

export const devicesLent: readonly StepRow[] = [
  {
    name: "a device of the machine is the device",
    expected: "0; 1",
    attempt: (rig) => outcome(rig.run(isFull("/dev/given"), { mounts: given("/dev/given") })),
  },
  {
    name: "a device of the machine: its mode, owner, times, attributes and place",
    expected: "0; 1; same",
    attempt: async (rig) => {
      const before = metadata(DEVICE);
      const change =
        "chmod 0 $d; chown 7:7 $d; touch -d @1 $d; mount -o remount,rw $d; umount $d; mv $d /x; rm -f $d /x; ln $d /y; rm -f /y";
      const ran = await outcome(
        rig.run(`d=/dev/given; { ${change}; } 2>/dev/null; test -e $d || echo 1; test -e $d && ${isFull("$d")}; true`, {
          mounts: given("/dev/given"),
        }),
      );
      return `${ran}; ${metadata(DEVICE) === before ? "same" : "changed"}`;
    },
  },
  {
    name: "a device of the machine in the layer, and in the next step",
    expected: "1; ; 0",
    attempt: async (rig) => {
      const { upper } = await rig.run("ln /dev/given /linked; cp -a /dev/given /copied; mv /dev/given /moved; true", {
        mounts: given("/dev/given"),
      });
      const lowers = [rig.rootfs, upper];
      const left = tree(upper).filter((line) => line.includes("dev/"));
      const opens = ["/dev/given", "/linked", "/copied", "/moved"].map(isFull).join("; ");
      const next = await rig.run(`for n in $( ${opens}); do echo $n; done | grep -c 1`, { lowers });
      return `${"code" in next.exit ? next.exit.code : next.exit.signal}; ${left.join(" ")}; ${next.out.trim()}`;
    },
  },
  {
    name: "the number of a device that the step has, under another name",
    expected: "1; 0",
    attempt: (rig) => outcome(rig.run(`mknod /other c 1 7 2>/dev/null; ${isFull("/other")}`, { mounts: given("/dev/given") })),
  },
  ...["an absolute link", "a relative link"].map(
    (name): StepRow => ({
      name: `a device of the machine below ${name} of the image`,
      expected: "0; 1; ",
      attempt: async (rig) => {
        const [layer, victim] = [rig.directory("layer"), rig.directory("victim")];
        mkdirSync(join(layer, "opt"));
        symlinkSync(name === "an absolute link" ? victim : `../../../../../..${victim}`, join(layer, "opt/way"));
        const ran = await outcome(rig.run(isFull("/opt/way/given"), { lowers: [rig.rootfs, layer], mounts: given("/opt/way/given") }));
        return `${ran}; ${readdirSync(victim).join(" ")}`;
      },
    }),
  ),
];

const PORT = 4545;

/** Runs `body` beside a service of the build. Its processes have this word. */
async function besideService(rig: SandboxRig, body: (word: string) => Promise<string>): Promise<string> {
  const word = ownSleep(98_765);
  const stop = new AbortController();
  let begun = (): void => {};
  const begins = new Promise<void>((resolve) => (begun = resolve));
  const serve = `echo precious >/mark; while :; do echo served | nc -l -p ${PORT} >/dev/null; done & echo up; sleep ${word}`;
  const service = rig.run(serve, { network: "private", signal: stop.signal, onOutput: () => begun() });
  const ended = service.then(
    () => "ended by itself",
    () => "",
  );
  await Promise.race([begins, ended]);
  const result = await body(word);
  stop.abort();
  return `${result}; ${await ended}${processesWith(word).length === 0 ? "none" : "left"}`;
}

/** Asks the service until it has its port. */
const ASK = `n=0; until echo | nc 127.0.0.1 ${PORT} || test $n = 50; do n=$((n+1)); usleep 20000; done`;

export const servicesLent: readonly StepRow[] = [
  {
    name: "a service is reached by its port, and leaves no process",
    expected: "0; served; none",
    attempt: (rig) => besideService(rig, () => outcome(rig.run(`${ASK} 2>/dev/null`, { network: "private" }))),
  },
  {
    name: "a service: its processes and files",
    expected: "1; 0; none",
    attempt: (rig) =>
      besideService(rig, () =>
        outcome(
          rig.run("{ cat /proc/[0-9]*/comm | grep -x sleep; cat /proc/[0-9]*/root/mark /mark; } 2>/dev/null | grep -c .", {
            network: "private",
          }),
        ),
      ),
  },
  {
    name: "a service: signals of a step to all that it finds",
    expected: "0; served; none",
    attempt: (rig) =>
      besideService(rig, async () => {
        await rig.run("kill -9 -1; for n in $(seq 2 400); do kill -9 $n; done 2>/dev/null", { network: "private" });
        return await outcome(rig.run(`${ASK} 2>/dev/null`, { network: "private" }));
      }),
  },
];
