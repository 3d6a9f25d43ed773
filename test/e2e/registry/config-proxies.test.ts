import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";

const { serial, host } = busyboxSuite();

serial("proxies of docker's configuration reach RUN, an argument wins, and neither changes keys or history", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo $HTTP_PROXY $http_proxy $NO_PROXY $no_proxy > /seen\n",
      "docker/config.json": JSON.stringify({ proxies: { default: { httpProxy: "http://proxy.invalid:1", noProxy: "localhost" } } }),
    });
    const build = (name: string, ...more: string[]) =>
      rig.cli(
        [
          "build",
          "--progress=plain",
          "-t",
          "a",
          "--build-arg",
          `REGISTRY=${host()}`,
          ...more,
          "-o",
          `type=local,dest=${rig.path(name)}`,
          context,
        ],
        {
          env: { DOCKER_CONFIG: rig.path("context", "docker") },
        },
      );
    const first = await build("first");
    t.is(first.code, 0, first.stderr);
    t.is(rig.bytes("first/seen").toString(), "http://proxy.invalid:1 http://proxy.invalid:1 localhost localhost\n");
    const again = await build("again", "--build-arg", "http_proxy=http://own.invalid");
    t.regex(again.stderr, /RUN echo[^\n]*\n#\d+ CACHED/);
    await build("own", "--no-cache", "--build-arg", "http_proxy=http://own.invalid");
    t.is(rig.bytes("own/seen").toString(), "http://own.invalid http://own.invalid localhost localhost\n");
    await build("image", "-o", "type=image");
    const history = await rig.cli(["history", "--no-trunc", "a"]);
    t.is(history.code, 0, history.stderr);
    t.notRegex(history.stdout.toString(), /invalid/);
  }),
);
