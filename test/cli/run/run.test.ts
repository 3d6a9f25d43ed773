import test from "ava";
import type { RunOptions } from "../../../api/run/run-options.js";
import type { CliRigOptions } from "../../support/rigs/fake-library.js";
import { golden } from "../../support/golden.js";
import { runRig } from "../../support/rigs/cli-rig.js";

const CWD = "/work";

/** Runs a command line whose command ends as `exit` says; returns the library's options. */
async function optionsOf(line: readonly string[], rig: CliRigOptions = {}) {
  let given: RunOptions | undefined;
  const ran = await runRig(["run", ...line], {
    cwd: CWD,
    env: { HOST: "value" },
    run: async (options) => {
      given = options;
      return { code: 3 };
    },
    ...rig,
  });
  const { signal: _signal, onEvent: _onEvent, onOutput: _onOutput, onStart: _onStart, input: _input, ...plain } = given ?? {};
  return { ran, plain };
}

const LINES: Readonly<Record<string, readonly [readonly string[], Partial<RunOptions>]>> = {
  image: [["app:1", "ls", "-l", "--all"], { image: "app:1", command: ["ls", "-l", "--all"], pull: false }],
  variables: [["-e", "A=b=c", "-e", "HOST", "-e", "NONE", "app"], { env: ["A=b=c", "HOST=value"] }],
  volumes: [
    ["-v", "./in:/in:ro", "-v", "/abs:/out", "app"],
    {
      volumes: [
        { source: "/work/in", dest: "/in", readonly: true },
        { source: "/abs", dest: "/out", readonly: false },
      ],
    },
  ],
  tmpfs: [["--tmpfs", "/a", "--tmpfs", "/b:rw,size=2m", "app"], { tmpfs: [{ dest: "/a" }, { dest: "/b", size: 2 << 20 }] }],
  command: [
    ["-w", "/w", "-u", "7:8", "--entrypoint", "sh", "--hostname", "h", "--read-only", "--rm", "app"],
    { workdir: "/w", user: "7:8", entrypoint: "sh", hostname: "h", readonlyRoot: true },
  ],
  "no entry point": [["--entrypoint", "", "app", "ls"], { entrypoint: "", command: ["ls"] }],
  network: [
    ["--network=none", "--add-host", "a:192.0.2.1", "--pull", "always", "app"],
    { network: "none", addHosts: ["a:192.0.2.1"], pull: true },
  ],
  never: [["--pull=never", "--platform", "linux/arm64", "app"], { pull: "never", platform: "linux/arm64" }],
};

for (const [name, [line, expected]] of Object.entries(LINES)) {
  test(`flags: ${name}`, async (t) => {
    const { ran, plain } = await optionsOf(line);
    t.is(ran.code, 3, ran.stderr);
    t.like(plain, expected);
  });
}

test("a context is built: by --target, by --file, or because it is a path", async (t) => {
  for (const line of [["--target", "test", "dir"], ["-f", "File", "dir"], ["."], ["./dir"], ["/dir"]]) {
    const { plain } = await optionsOf([...line, "cmd"]);
    t.is(plain.image, undefined);
    t.truthy(plain.build?.context, line.join(" "));
    t.deepEqual(plain.command, ["cmd"]);
  }
  const { plain } = await optionsOf(["--target", "test", "--build-arg", "A=1", "."]);
  t.like(plain.build, { target: "test", buildArgs: { A: "1" } });
});

test("a signal of the command is 128 and its number; a failure of ours is 125", async (t) => {
  t.is((await optionsOf(["app"], { run: async () => ({ signal: "SIGKILL" }) })).ran.code, 137);
  t.is((await optionsOf(["app"], { run: () => Promise.reject(new Error("boom")) })).ran.code, 125);
});

test("-it gives the command the terminal, its size and every key, and gives it back", async (t) => {
  const orders: string[] = [];
  let take: ((name: NodeJS.Signals) => boolean) | undefined;
  const { ran } = await optionsOf(["-it", "app"], {
    tty: true,
    onSignals: (given) => (take = given),
    run: async ({ terminal, input, onStart, onOutput }) => {
      t.deepEqual([terminal, input !== undefined], [{ rows: 24, columns: 80 }, true]);
      onStart?.({ kill: (name) => orders.push(name), resize: () => orders.push("resize"), check: async () => undefined });
      await onOutput?.("stdout", Buffer.from("shown"));
      t.deepEqual(
        ["SIGHUP", "SIGTERM", "SIGTERM"].map((name) => take?.(name as NodeJS.Signals)),
        [true, true, false],
      );
      return { code: 0 };
    },
  });
  t.deepEqual(orders, ["SIGHUP", "SIGTERM"]);
  t.deepEqual(ran.rawModes, [true, false]);
  t.is(ran.stdout, "shown");
});

/** Command lines that are refused; what is said is a golden text. */
const REFUSED: Readonly<Record<string, string>> = {
  detach: "run -d app",
  name: "run --name x app",
  publish: "run -p 80:80/sctp app",
  ports: "run -p 8000-8001:80-82 app",
  address: "run -p somewhere:80:80 app",
  "volume-name": "run -v data:/data app",
  "volume-word": "run -v ./data:/data:roo app",
  terminal: "run -it app",
  nothing: "run -i",
};

for (const [name, line] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, async (t) => {
    const run = await runRig(line.split(" "), { run: () => Promise.reject(new Error("it ran")) });
    t.is(run.code, 2, run.stderr);
    golden(t, `cli/refused/run-${name}.txt`, `$ tsbuild ${line}\n${run.stderr}`);
  });
}
