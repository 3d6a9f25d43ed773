import test from "ava";
import type { BuildOptions } from "../../../api/options/options.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import type { DefaultNetwork } from "../../../api/options/steps/step-options.js";
import { UsageError } from "../../../core/errors.js";

const resolve = (options: BuildOptions) => resolveBuildOptions({ root: "/store", ...options }, { DOCKER_CONFIG: "/nowhere" });

const HOSTS: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ["a:1.2.3.4", ["1.2.3.4 a"]],
  ["a=1.2.3.4", ["1.2.3.4 a"]],
  ["a:::1", ["::1 a"]],
  ["a=::1", ["::1 a"]],
  ["a:[::1]", ["::1 a"]],
  ["a=[2001:db8::1]", ["2001:db8::1 a"]],
  ["a:[1.2.3.4]", ["1.2.3.4 a"]],
  ["a=1.2.3.4,::1", ["1.2.3.4 a", "::1 a"]],
  ["host.docker.internal:host-gateway", ["host-gateway host.docker.internal"]],
  ["a=host-gateway,10.0.0.1", ["host-gateway a", "10.0.0.1 a"]],
  ["a_b-c.d:1.1.1.1", ["1.1.1.1 a_b-c.d"]],
];

for (const [text, lines] of HOSTS) {
  test(`an extra host: ${text}`, (t) => {
    t.deepEqual(
      resolve({ addHosts: [text] }).extraHosts.map(({ host, ip }) => `${ip} ${host}`),
      lines,
    );
  });
}

const DEFAULT_NETWORKS: readonly (readonly [option: BuildOptions["network"], variable: string | undefined, means: DefaultNetwork])[] = [
  ["default", undefined, "auto"],
  ["default", "default", "auto"],
  ["default", "host", "host"],
  ["default", "private", "private"],
  ["private", "host", "private"],
  ["none", "private", "private"],
];

test("the network of steps that ask for none, by option and TSBUILD_NETWORK; private is in no key", (t) => {
  for (const [network, variable, means] of DEFAULT_NETWORKS) {
    const env = { DOCKER_CONFIG: "/nowhere", ...(variable !== undefined && { TSBUILD_NETWORK: variable }) };
    const resolved = resolveBuildOptions({ root: "/store", ...(network && { network }) }, env);
    t.is(resolved.defaultNetwork, means);
    t.is(resolved.network, network === "none" ? "none" : "default");
  }
  const error = t.throws(() => resolveBuildOptions({ root: "/store" }, { TSBUILD_NETWORK: "bridge" }), { instanceOf: UsageError });
  t.is(error.message, 'Cannot use TSBUILD_NETWORK "bridge": it is none of default, host, private');
});

const LIMITS: readonly (readonly [texts: readonly string[], read: readonly (readonly [string, number, number])[]])[] = [
  [["nofile=1024"], [["nofile", 1024, 1024]]],
  [
    ["nofile=1024:4096", "core=0"],
    [
      ["nofile", 1024, 4096],
      ["core", 0, 0],
    ],
  ],
  [["memlock=-1:-1"], [["memlock", -1, -1]]],
  [["nproc=5:-1"], [["nproc", 5, -1]]],
  [["nofile=1", "nofile=2"], [["nofile", 2, 2]]],
  [["memlock=9223372036854775807"], [["memlock", 2 ** 63, 2 ** 63]]],
];

for (const [texts, read] of LIMITS) {
  test(`limits: ${texts.join(" ")}`, (t) => {
    t.deepEqual(
      resolve({ ulimits: texts }).ulimits.map(({ name, soft, hard }) => [name, soft, hard]),
      read,
    );
  });
}

const WRONG: readonly (readonly [options: BuildOptions, code: string, message: RegExp, hint?: RegExp])[] = [
  ...["x:notanip", "x:1.2.3", "x:1.2.3.4.5", "x:[1.2.3", "x:host-gatewy", "x:fe80::1%eth0", "x:1.2.3.4,", "x:01.2.3.4"].map(
    (text) => [{ addHosts: [text] }, "options/invalid", /is no IP address$/] as const,
  ),
  ...["", "x", "x:", ":1.2.3.4", "=1.2.3.4"].map(
    (text) => [{ addHosts: [text] }, "options/invalid", /it is not of the form host:ip$/] as const,
  ),
  ...["a b:1.2.3.4", "#a:1.2.3.4", "a\n9.9.9.9 b:1.2.3.4", "a\u0007:1.2.3.4"].map(
    (text) => [{ addHosts: [text] }, "options/invalid", /is no name of a host$/] as const,
  ),
  ...["", "nofile", "nofile=", "nofile=a", "nofile=-2", "nofile=1:2:3", "=1"].map(
    (text) => [{ ulimits: [text] }, "options/invalid", /it is not of the form/] as const,
  ),
  [{ ulimits: ["nofiles=1"] }, "options/invalid", /there is no limit "nofiles"/, /Did you mean "nofile"/],
  [{ ulimits: ["frobnicate=1"] }, "options/invalid", /there is no limit/, /^Limits are as, core/],
  [{ ulimits: ["nofile=5:4"] }, "options/invalid", /the soft limit is above the hard one/],
  [{ ulimits: ["nofile=-1:4"] }, "options/invalid", /the soft limit is above the hard one/],
  [{ ulimits: ["nofile=99999999999999999999"] }, "options/invalid", /the largest limit is 9223372036854775807/],
  ...[-1, 1.5, Number.NaN, 1e20].map((shmSize) => [{ shmSize }, "options/invalid", /whole number of bytes/] as const),
  ...[0, -1, 1.5, 1e20, Number.POSITIVE_INFINITY].map((jobs) => [{ jobs }, "options/invalid", /whole number from 1/] as const),
  [{ tags: ["a:b:c"] }, "reference/invalid", /a:b:c/],
  [{ tags: [""] }, "reference/invalid", /Cannot/],
  [{ tags: ["UPPER"] }, "reference/invalid", /UPPER/],
  [{ platforms: ["linux/"] }, "platform/invalid", /linux\//],
  [{ cacheFrom: [{ type: "registry", ref: "a:b:c" }] }, "reference/invalid", /a:b:c/],
  [{ cacheTo: [{ type: "registry", ref: "A" }] }, "reference/invalid", /A/],
  [{ cacheTo: [{ type: "local", dest: "x", compressionLevel: 1e20 }] }, "layer/invalid-level", /100000000000000000000/],
  [{ outputs: [{ type: "registry" }] }, "export/no-name", /it has no name/],
  [{ outputs: [{ type: "image", push: true }] }, "export/no-name", /it has no name/],
  [{ outputs: [{ type: "image", names: ["A:b:c"] }] }, "reference/invalid", /A:b:c/],
  [{ cacheBudget: "lots" }, "options/invalid", /lots/],
  [{ nocache: true } as BuildOptions, "options/unknown", /nocache/],
  [{ network: "bridge" } as unknown as BuildOptions, "options/invalid", /bridge/],
];

for (const [options, code, message, hint] of WRONG) {
  test(`an error of the call, before anything is done: ${JSON.stringify(options)}`, (t) => {
    const error = t.throws(() => resolve(options), { instanceOf: UsageError, message });
    t.is(error?.code, code);
    if (hint) t.regex(error?.hint ?? "", hint);
  });
}
