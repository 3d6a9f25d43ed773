import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import type { Rig } from "../../support/rigs/rig.js";

const { serial, host } = busyboxSuite();

/** Returns a function that builds a context into a directory of the rig, with more flags. */
function builder(rig: Rig, context: string, options: Parameters<Rig["cli"]>[1] = {}) {
  const base = ["build", "--progress=plain", "-t", "a", "--build-arg"];
  return (name: string, ...more: readonly string[]) =>
    rig.cli([...base, `REGISTRY=${host()}`, ...more, "-o", `type=local,dest=${rig.path(name)}`, context], options);
}

serial("proxies of docker's configuration reach RUN, an argument wins, and neither changes keys or history", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo $HTTP_PROXY $http_proxy $NO_PROXY $no_proxy > /seen\n",
      "docker/config.json": JSON.stringify({ proxies: { default: { httpProxy: "http://proxy.invalid:1", noProxy: "localhost" } } }),
    });
    const build = builder(rig, context, { env: { DOCKER_CONFIG: rig.path("context", "docker") } });
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

serial("certificates of --ca: steps find a bundle by variables, and no layer, key or image shows it", (t) =>
  withRig(async (rig) => {
    const pem = "-----BEGIN CERTIFICATE-----\nb3VycyBhbG9uZQ==\n-----END CERTIFICATE-----\n";
    const context = rig.context("context", {
      Dockerfile: [
        "ARG REGISTRY",
        "FROM $REGISTRY/busybox",
        'RUN grep -c BEGIN "$SSL_CERT_FILE" > /count; grep b3VycyBhbG9uZQ== "$CURL_CA_BUNDLE" > /ours; echo no > "$SSL_CERT_FILE" || true',
        "ENV SSL_CERT_FILE=/own",
        "RUN echo $SSL_CERT_FILE $GIT_SSL_CAINFO > /seen",
        "",
      ].join("\n"),
      "ca.pem": pem,
      ".dockerignore": "*",
    });
    const build = builder(rig, context);
    const first = await build("first", "--ca", rig.path("context", "ca.pem"));
    t.is(first.code, 0, first.stderr);
    t.true(Number(rig.bytes("first/count").toString()) > 50);
    t.is(rig.bytes("first/ours").toString(), "b3VycyBhbG9uZQ==\n");
    t.is(rig.bytes("first/seen").toString(), "/own /run/tsbuild/ca-certificates.pem\n");
    t.throws(() => rig.bytes("first/run/tsbuild/ca-certificates.pem"), { code: "ENOENT" });
    const again = await build("again");
    t.regex(again.stderr, /RUN grep[^\n]*\n#\d+ CACHED/);
    await build("image", "-o", "type=image");
    t.notRegex((await rig.cli(["inspect", "a"])).stdout.toString(), /ca-certificates/);
    for (const [file, what] of [
      ["Dockerfile", /it holds no certificate in PEM/],
      ["missing", /there is no such file/],
    ] as const) {
      const refused = await build("refused", "--ca", rig.path("context", file));
      t.is(refused.code, 2);
      t.regex(refused.stderr, what);
    }
  }),
);
