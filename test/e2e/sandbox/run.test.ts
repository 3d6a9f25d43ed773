import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { notInstalled, requires, withoutNamespaces } from "../../support/requires.js";
import { withRig } from "../../support/images/busybox-suite.js";
import { CLI, type Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { until } from "../../support/until.js";

// `tsbuild run`: a command in an image or a stage, and what is left of it.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutNamespaces());

const DOCKERFILE = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN echo root:x:0:0::/root:/bin/sh >/etc/passwd; echo app:x:7:8::/app:/bin/sh >>/etc/passwd; mkdir /web; echo page >/web/index.html
ENV WORD=hello
WORKDIR /srv
USER app
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "echo $WORD from $(pwd) as $(id -u)"]
ONBUILD RUN false
FROM scratch AS test
COPY --from=base / /
ENTRYPOINT ["/bin/sh"]
CMD ["-c", "echo tested; exit 5"]
`;

async function withImage(body: (rig: Rig, context: string) => Promise<void>): Promise<void> {
  await withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: DOCKERFILE });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    await rig.cli(["-t", "app", "--target", "base", "-q", context]);
    await body(rig, context);
  });
}

interface Row {
  readonly args: readonly string[];
  readonly out: string;
  readonly code?: number;
  readonly input?: string;
}

/** Command lines behind `tsbuild run`, what they print, and how they end. */
const ROWS: Readonly<Record<string, Row>> = {
  "entry point, command, variables, directory and user are the image's": { args: ["app"], out: "hello from /srv as 7\n" },
  "words replace the image's command": { args: ["app", "-c", "echo [$0] -t $1", "-v", "--rm"], out: "[-v] -t --rm\n" },
  "an entry point takes the image's command away": { args: ["--entrypoint", "echo", "app", "a", "b"], out: "a b\n" },
  "options win over the image": {
    args: ["-e", "WORD=bye", "-w", "/web", "-u", "0:0", "--hostname", "here", "app", "-c", "echo $WORD $(pwd) $(id -u) $(hostname)"],
    out: "bye /web 0 here\n",
  },
  "a signal is 128 and its number": { args: ["app", "-c", "kill -9 $$"], out: "", code: 137 },
  "a command that is not there": { args: ["--entrypoint", "/nope", "app"], out: "", code: 127 },
  "standard input": { args: ["-i", "--entrypoint", "cat", "app"], out: "text", input: "text" },
  "no standard input unless asked for": { args: ["--entrypoint", "cat", "app"], out: "", input: "text" },
  "a root that refuses changes, and a tmpfs in it": {
    args: [
      "--read-only",
      "--tmpfs",
      "/t:size=1m",
      "-u",
      "0",
      "app",
      "-c",
      "touch /web/x 2>/dev/null || echo refused; touch /t/x && echo kept",
    ],
    out: "refused\nkept\n",
  },
  "no network": { args: ["--network", "none", "app", "-c", "cat /proc/net/dev | grep -c :"], out: "1\n" },
};

serial("run: what the image says, and what the options say", (t) =>
  withImage(async (rig, context) => {
    for (const [name, { args, out, code = 0, input }] of Object.entries(ROWS)) {
      const ended = await rig.cli(["run", "-q", ...args], input === undefined ? {} : { input: Buffer.from(input) });
      t.deepEqual([ended.code, ended.stdout.toString()], [code, out], `${name}: ${ended.stderr}`);
    }
    const stage = await rig.cli(["run", "-q", "--target", "test", context]);
    t.deepEqual([stage.code, stage.stdout.toString()], [5, "tested\n"], stage.stderr);
    const fails = await rig.cli(["run", "-q", "--pull", "never", "nothere"]);
    t.is(fails.code, 125);
    t.regex(fails.stderr, /error\[/);
  }),
);

serial("run: volumes are written and refused as they say, and nothing else of the machine is there", (t) =>
  withImage(async (rig) => {
    const volume = rig.path("volume");
    mkdirSync(volume);
    writeFileSync(join(volume, "given"), "given\n");
    const run = (...args: string[]) => rig.cli(["run", "-q", "-u", "0", ...args]);
    const written = await run("-v", `${volume}:/v`, "app", "-c", "cat /v/given; echo new >/v/made; ls /v/.. | grep -c volume");
    t.deepEqual([written.stdout.toString(), existsSync(join(volume, "made"))], ["given\n0\n", true], written.stderr);
    const refused = await run("-v", "./volume:/v:ro", "app", "-c", "echo x >/v/given || cat /v/given");
    t.is(refused.stdout.toString(), "given\n", refused.stderr);
    const missing = await run("-v", "./nowhere:/v", "app", "-c", "true");
    t.deepEqual([missing.code, existsSync(rig.path("nowhere"))], [125, false]);
    t.regex(missing.stderr, /error\[run\/volume\]/);
  }),
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

serial("run: a server serves until a signal ends it, and leaves nothing", (t) =>
  withImage(async (rig) => {
    const snapshots = () => readdirSync(rig.store, { recursive: true }).filter((path) => /snapshots\/[^/]+$/.test(String(path))).length;
    // The first command unpacks the layers that no step needed.
    await rig.cli(["run", "-q", "app"]);
    const before = snapshots();
    const port = await freePort();
    const server = rig.start([
      "run",
      "-q",
      "--network",
      "host",
      "--entrypoint",
      "httpd",
      "app",
      "-f",
      "-h",
      "/web",
      "-p",
      `127.0.0.1:${port}`,
    ]);
    let page = "";
    await until(async () => {
      page = await fetch(`http://127.0.0.1:${port}/`).then(
        (answer) => answer.text(),
        () => "",
      );
      return page !== "";
    });
    t.is(page, "page\n");
    server.process.kill("SIGTERM");
    t.is((await server.ended).code, 143);
    const trapping = rig.start(["run", "-q", "app", "-c", "trap 'echo got; exit 7' INT; echo up >&2; while true; do sleep 0.01; done"]);
    await trapping.shows(/up/);
    trapping.interrupt();
    const { code, stdout } = await trapping.ended;
    t.deepEqual([code, stdout.toString()], [7, "got\n"]);
    const piped = await rig.spawn("sh", ["-c", `"$0" "$1" run -q app -c yes | head -1`, process.execPath, CLI], {}).ended;
    t.is(piped.stdout.toString(), "y\n", "a command whose reader is gone ends");
    t.deepEqual(rig.leftovers(), []);
    t.is(snapshots(), before);
  }),
);
