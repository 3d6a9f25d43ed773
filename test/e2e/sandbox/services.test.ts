import { copyFileSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { notInstalled, requires, withoutNamespaces, withoutOwnNetwork } from "../../support/requires.js";
import { gone, withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// Images that run beside the steps of a build.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutNamespaces(), withoutOwnNetwork());

/** A server that is healthy once it serves, and one that listens after a while. */
const IMAGES = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir /web
FROM base AS web
HEALTHCHECK CMD wget -q -O- http://127.0.0.1/page
CMD ["sh", "-c", "echo $WORD >/web/page; echo serving as $(hostname); exec httpd -f -h /web -p 80"]
FROM base AS late
EXPOSE 81
CMD ["sh", "-c", "sleep 0.3; echo late >/web/page; exec httpd -f -h /web -p 81"]
`;

async function withImages(body: (rig: Rig, build: (dockerfile: string, ...args: string[]) => ReturnType<Rig["cli"]>) => Promise<void>) {
  await withRig(async (rig) => {
    const context = rig.context("images", { Dockerfile: IMAGES });
    copyFileSync(BUSYBOX as string, join(context, "busybox"));
    for (const target of ["base", "web", "late"]) {
      const { code, stderr } = await rig.cli(["-t", target, "--target", target, "-q", context]);
      if (code !== 0) throw new Error(stderr);
    }
    let count = 0;
    await body(rig, (dockerfile, ...args) => {
      const directory = rig.context(`build${count++}`, { Dockerfile: dockerfile });
      return rig.cli(["--progress", "plain", "-o", "type=cacheonly", ...args, directory]);
    });
  });
}

serial("services: steps reach them by name once they are ready, and a cached build starts none", (t) =>
  withImages(async (rig, build) => {
    const dockerfile =
      "FROM base\nRUN wget -q -O- http://db/page\nRUN wget -q -O- http://other:81/page; ps | grep -c 'http[d] -f' || true\nRUN --network=none grep -cw db /etc/hosts >/dev/null || echo none\n";
    const services = ["--service", "db=web,env.WORD=hello", "--service", "name=other,image=late"];
    const first = await build(dockerfile, ...services);
    t.is(first.code, 0, first.stderr);
    t.regex(first.stderr, /^#\d+ [\d.]+ hello$/m);
    t.regex(first.stderr, /^#\d+ [\d.]+ late\n#\d+ [\d.]+ 0$/m, "a step sees no process of a service");
    t.regex(first.stderr, /^#\d+ [\d.]+ none$/m);
    const log = await rig.cli(["logs", "^0", "service db"]);
    t.is(log.stdout.toString(), "serving as db\n", log.stderr);
    const again = await build(dockerfile, ...services);
    t.false(again.stderr.includes("service"), again.stderr);
    const otherwise = await build(dockerfile, "--service", "db=web,env.WORD=changed", "--service", "other=late");
    t.false(otherwise.stderr.includes("changed"), "no key has a service");
    const keyed = await build(dockerfile, "--service", "db=web,env.WORD=keyed,key=true", "--service", "other=late");
    t.regex(keyed.stderr, /^#\d+ [\d.]+ keyed$/m, keyed.stderr);
    t.false(
      (await build(dockerfile, "--service", "db=web,env.WORD=keyed,key=true", "--service", "other=late")).stderr.includes("service db"),
    );
    t.deepEqual(await gone(rig), []);
  }),
);

serial("services: one that ends, or is never ready, fails the build with its output", (t) =>
  withImages(async (rig, build) => {
    const dockerfile = "FROM base\nRUN echo step-ran\n";
    const rows: readonly (readonly [service: string, message: RegExp])[] = [
      [
        "db=late,entrypoint=ls,command=/nowhere",
        /error\[service\/ended\]: Service "db" ended with exit code 1 before it was ready\. .*nowhere/,
      ],
      [
        "db=web,health-cmd=echo sick; false,health-interval=100ms,health-retries=2",
        /error\[service\/not-ready\]: Service "db" is not ready: its health check failed 2 times: sick/,
      ],
      [
        "db=base,command=sleep 600,health-cmd=false,timeout=300ms",
        /error\[service\/not-ready\]: .*its health check did not pass within 0\.3 s/,
      ],
      ["db=late,command=sleep 600,timeout=300ms", /error\[service\/not-ready\]: .*did not listen on 81 within 0\.3 s/],
    ];
    for (const [service, message] of rows) {
      const { code, stderr } = await build(dockerfile, "--service", service);
      t.is(code, 1, stderr);
      t.regex(stderr, message);
      t.false(/^#\d+ [\d.]+ step-ran$/m.test(stderr), "the step did not begin");
    }
    const without = await rig.cli(["--progress", "plain", "--service", "db=web", rig.context("without", { Dockerfile: dockerfile })], {
      env: { PATH: "/nowhere" },
    });
    t.regex(without.stderr, /error\[service\/network\]: Cannot start services: steps share the host's network: neither pasta/);
    for (const network of ["host", "none"]) t.is((await build(dockerfile, "--network", network, "--service", "db=web")).code, 2);
    t.deepEqual(await gone(rig), []);
  }),
);

serial("services: they reach nothing of this machine's loopback, and end with the builder", (t) =>
  withImages(async (rig) => {
    let arrived = 0;
    const server = createServer(() => void arrived++).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const places = [`127.0.0.1:${port}`, `localhost:${port}`, "169.254.169.254:80"];
      const tries = places.map((at) => `wget -T 1 -q -O- http://${at}/ || echo refused-${at}`).join("; ");
      const image = rig.context("tries", {
        Dockerfile: `FROM web\nCMD ["sh", "-c", "echo yes >/web/page; ${tries}; exec httpd -f -h /web -p 80"]\n`,
      });
      await rig.cli(["-t", "tries", "-q", image]);
      const context = rig.context("build", { Dockerfile: "FROM base\nRUN wget -q -O- http://db/page; sleep 600\n" });
      const running = rig.start(["--progress", "plain", "--service", "db=tries", context]);
      await running.shows(/ yes$/m);
      t.is(arrived, 0);
      running.process.kill("SIGKILL");
      await running.ended;
      t.deepEqual(await gone(rig, (line) => line.startsWith("file:")), [], "the next start removes the files");
      const log = await rig.cli(["logs", "^0", "service db"]);
      t.is((log.stdout.toString().match(/refused-/g) ?? []).length, 3, log.stdout.toString() + log.stderr);
    } finally {
      server.close();
    }
  }),
);
