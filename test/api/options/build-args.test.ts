import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { proxyVariables } from "../../../api/options/build-args.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import { removeTree } from "../../support/remove-tree.js";

interface Case {
  readonly title: string;
  /** Proxies in docker's configuration; a text is the whole file. */
  readonly proxies?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: Readonly<Record<string, string>>;
  /** Variables that RUN steps see. */
  readonly seen: readonly string[];
}

const both = (name: string, value: string): string[] => [`${name}=${value}`, `${name.toLowerCase()}=${value}`];

const CASES: readonly Case[] = [
  { title: "no configuration", seen: [] },
  { title: "no proxies", proxies: {}, seen: [] },
  {
    title: "every key, in both spellings",
    proxies: { default: { httpProxy: "http://a", httpsProxy: "http://b", noProxy: "c", ftpProxy: "http://d", allProxy: "http://e" } },
    seen: [
      ...both("HTTP_PROXY", "http://a"),
      ...both("HTTPS_PROXY", "http://b"),
      ...both("NO_PROXY", "c"),
      ...both("FTP_PROXY", "http://d"),
      ...both("ALL_PROXY", "http://e"),
    ],
  },
  {
    title: "the daemon's own entry before default",
    proxies: { default: { httpProxy: "http://a" }, "tcp://d:1": { httpProxy: "http://b" } },
    env: { DOCKER_HOST: "tcp://d:1" },
    seen: both("HTTP_PROXY", "http://b"),
  },
  {
    title: "the usual socket's entry",
    proxies: { default: { httpProxy: "http://a" }, "unix:///var/run/docker.sock": { httpProxy: "http://b" } },
    seen: both("HTTP_PROXY", "http://b"),
  },
  {
    title: "an argument wins",
    proxies: { default: { httpProxy: "http://a", noProxy: "n" } },
    args: { HTTP_PROXY: "http://own" },
    seen: [...both("HTTP_PROXY", "http://own"), ...both("NO_PROXY", "n")],
  },
  {
    title: "an argument in lower case wins",
    proxies: { default: { httpProxy: "http://a" } },
    args: { http_proxy: "http://own" },
    seen: both("HTTP_PROXY", "http://own"),
  },
  { title: "an empty argument is none", proxies: { default: { httpProxy: "http://a" } }, args: { http_proxy: "" }, seen: [] },
  {
    title: "each spelling as it was given",
    args: { HTTP_PROXY: "http://a", http_proxy: "http://b" },
    seen: ["HTTP_PROXY=http://a", "http_proxy=http://b"],
  },
  { title: "values that are none", proxies: { default: { httpProxy: "", httpsProxy: 5 } }, seen: [] },
  { title: "an entry that is none", proxies: { default: "http://a" }, seen: [] },
];

for (const { title, proxies, env = {}, args = {}, seen } of CASES) {
  test(`proxies of docker's configuration: ${title}`, (t) => {
    const DOCKER_CONFIG = mkdtempSync(join(tmpdir(), "proxies-"));
    try {
      if (proxies !== undefined) writeFileSync(join(DOCKER_CONFIG, "config.json"), JSON.stringify({ proxies }));
      const resolved = resolveBuildOptions({ buildArgs: args, root: "/store" }, { ...env, DOCKER_CONFIG });
      t.deepEqual(proxyVariables(resolved.buildArgs), seen);
      t.deepEqual(resolved.warnings, []);
    } finally {
      removeTree(DOCKER_CONFIG);
    }
  });
}

test("a configuration that cannot be read is a warning of the build", (t) => {
  const DOCKER_CONFIG = mkdtempSync(join(tmpdir(), "proxies-"));
  try {
    writeFileSync(join(DOCKER_CONFIG, "config.json"), "{");
    const { warnings, buildArgs } = resolveBuildOptions({ root: "/store" }, { DOCKER_CONFIG });
    t.deepEqual(buildArgs, {});
    t.is(warnings[0]?.code, "registry/config-invalid");
    t.regex(warnings[0]?.message ?? "", /it is not JSON/);
    removeTree(join(DOCKER_CONFIG, "config.json"));
    mkdirSync(join(DOCKER_CONFIG, "config.json"));
    t.is(resolveBuildOptions({ root: "/store" }, { DOCKER_CONFIG }).warnings.length, 1);
  } finally {
    removeTree(DOCKER_CONFIG);
  }
});
