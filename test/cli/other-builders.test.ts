import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { BuildOptions } from "../../api/options/options.js";
import { BUD_FLAGS } from "../../cli/docker/bud-flags.js";
import type { ForeignFlag } from "../../cli/docker/foreign-flags.js";
import { KANIKO_FLAGS } from "../../cli/docker/kaniko-flags.js";
import { temporaryDirectory } from "../support/images/images.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { DESCRIPTOR } from "../support/rigs/fake-library.js";

// The command lines of kaniko's and buildah's users, and what the library gets for them.

const directory = temporaryDirectory();
test.before(() => {
  for (const [name, text] of Object.entries({ Containerfile: "", "ctx/Dockerfile.x": "", "args.conf": "# one\nA=1\n\nB=2 3\n" })) {
    mkdirSync(join(directory.path, "ctx"), { recursive: true });
    writeFileSync(join(directory.path, name), text);
  }
});
test.after.always(() => directory.remove());

/** Names of the flags, from the sources and pages of the releases that the tables name. */
const NAMES: readonly (readonly [command: string, table: readonly ForeignFlag[], names: string])[] = [
  [
    "kaniko --destination app --context ctx",
    KANIKO_FLAGS,
    "build-arg bucket cache cache-copy-layers cache-dir cache-repo cache-run-layers cache-ttl cleanup compressed-caching compression compression-level context context-sub-path custom-platform customPlatform destination digest-file dockerfile force force-build-metadata git ignore-path ignore-var-run image-download-retry image-fs-extract-retry image-name-tag-with-digest-file image-name-with-digest-file initial-fs-unpacked insecure insecure-pull insecure-registry kaniko-dir label log-format log-timestamp no-push no-push-cache oci-layout-path push-ignore-immutable-tag-errors push-retry registry-certificate registry-client-cert registry-map registry-mirror reproducible single-snapshot skip-default-registry-fallback skip-push-permission-check skip-tls-verify skip-tls-verify-pull skip-tls-verify-registry skip-unused-stages snapshot-mode snapshotMode tar-path tarPath target use-new-run verbosity whitelist-var-run",
  ],
  [
    "bud",
    BUD_FLAGS,
    "add-host all-platforms annotation arch authfile build-arg build-arg-file build-context cache-from cache-to cache-ttl cap-add cap-drop cert-dir cgroup-parent cgroupns compat-volumes compress cpp-flag cpu-period cpu-quota cpu-shares cpuset-cpus cpuset-mems created-annotation creds cw decryption-key device disable-compression disable-content-trust dns dns-option dns-search env file force-rm format from group-add hooks-dir http-proxy identity-label ignorefile iidfile inherit-annotations inherit-labels ipc isolation jobs label layer-label layers log-level logfile logsplit manifest memory memory-swap metadata-file network no-cache no-hostname no-hosts no-pivot omit-history os os-feature os-version output pid platform pull pull-always pull-never quiet retry retry-delay rewrite-timestamp rm runtime runtime-flag save-stages sbom sbom-image-output sbom-image-purl-output sbom-merge-strategy sbom-output sbom-purl-output sbom-scanner-command sbom-scanner-image secret security-opt shm-size sign-by skip-unused-stages source-date-epoch source-policy-file squash squash-all ssh stage-labels stdin tag target timestamp tls-verify transient-mount ulimit unsetannotation unsetenv unsetlabel userns userns-gid-map userns-gid-map-group userns-uid-map userns-uid-map-user uts variant volume",
  ],
];

for (const [line, table, names] of NAMES) {
  test(`every flag of ${line.split(" ")[0]} is known`, (t) => {
    const known = new Set(table.map(({ name }) => name));
    t.deepEqual(
      names.split(" ").filter((name) => !known.has(name)),
      [],
    );
  });

  for (const flag of table) {
    const outcome = flag.refused !== undefined ? "refused" : flag.reported !== undefined ? "reported" : undefined;
    if (outcome === undefined) continue;
    test(`${line.split(" ")[0]} --${flag.name} is ${outcome}, in one line`, async (t) => {
      const words = [...line.split(" "), `--${flag.name}${flag.value ? "=1" : ""}`];
      const run = await runRig(words, { cwd: directory.path });
      t.is(run.code, outcome === "refused" ? 2 : 0, run.stderr);
      t.is(run.builds.length, outcome === "refused" ? 0 : 1);
      if (outcome === "reported") t.regex(run.stderr, new RegExp(`^note: --${flag.name} changes nothing: [^\\n]+\\n$`));
      else t.regex(run.stderr, /^error\[cli\/not-supported\]: .*\nhint: \S/);
    });
  }
}

const at = (path: string): string => join(directory.path, path);

const PUSHED = { tags: ["r.io/a/app:1"], outputs: [{ type: "registry" }], context: at("ctx") } as const;

/** Command line, options the library gets beside the defaults, variables. */
const READ: readonly (readonly [line: string, options: Partial<BuildOptions>, env?: Readonly<Record<string, string>>])[] = [
  ["kaniko -d r.io/a/app:1 -c ctx", PUSHED],
  [
    "kaniko --destination=r.io/a/app:1 --context=dir://ctx --build-arg A=1 --label b=c --target t --custom-platform linux/arm64",
    {
      ...PUSHED,
      buildArgs: { A: "1" },
      labels: { b: "c" },
      target: "t",
      platforms: ["linux/arm64"],
    },
  ],
  [
    "kaniko -d r.io/a/app:1 -c ctx -f Dockerfile.x --use-new-run --cleanup --snapshot-mode=redo --force --ignore-var-run=false",
    {
      ...PUSHED,
      dockerfile: at("ctx/Dockerfile.x"),
    },
  ],
  [
    "kaniko -d r.io/a/app:1 -c ctx --cache --cache-repo r.io/c",
    {
      ...PUSHED,
      cacheFrom: [{ type: "registry", ref: "r.io/c" }],
      cacheTo: [{ type: "registry", ref: "r.io/c", mode: "max" }],
    },
  ],
  ["kaniko -d r.io/a/app:1 -c ctx --cache=true --no-push-cache", { ...PUSHED, cacheFrom: [{ type: "registry", ref: "r.io/a/app/cache" }] }],
  [
    "kaniko -d r.io/a/app:1 -c ctx --cache=false --reproducible --insecure",
    {
      ...PUSHED,
      buildArgs: { SOURCE_DATE_EPOCH: "0" },
      outputs: [{ type: "registry", insecure: true }],
    },
  ],
  [
    "kaniko -d r.io/a/app:1 --no-push -c ctx --tar-path out.tar --oci-layout-path out --compression zstd --compression-level 3",
    {
      ...PUSHED,
      outputs: [
        { type: "docker", dest: at("out.tar"), compression: "zstd", compressionLevel: 3 },
        { type: "oci", dest: at("out"), tar: false, compression: "zstd", compressionLevel: 3 },
      ],
    },
  ],
  ["kaniko --no-push -c ctx", { outputs: [{ type: "cacheonly" }], context: at("ctx") }],
  [
    "kaniko --no-push -c git://example.com/a.git#refs/heads/main --context-sub-path sub",
    {
      outputs: [{ type: "cacheonly" }],
      context: "https://example.com/a.git#main:sub",
    },
  ],
  [
    "kaniko --no-push -c git://example.com/a.git --git branch=x,single-branch=true",
    {
      outputs: [{ type: "cacheonly" }],
      context: "https://example.com/a.git#x",
    },
  ],
  ["bud", { dockerfile: at("Containerfile"), context: at(".") }],
  [
    "bud -f Dockerfile.x -t app --layers --rm --squash=false ctx",
    { dockerfile: at("ctx/Dockerfile.x"), tags: ["app"], context: at("ctx") },
  ],
  ["bud --build-arg-file args.conf --build-arg A=2 ctx", { buildArgs: { A: "2", B: "2 3" }, context: at("ctx") }],
  [
    "bud --format docker --timestamp 5 --network private --isolation rootless --pull=ifnewer ctx",
    {
      buildArgs: { SOURCE_DATE_EPOCH: "5" },
      outputs: [{ type: "image", ociMediaTypes: false }],
      network: "default",
      isolation: "auto",
      pull: true,
      context: at("ctx"),
    },
  ],
  [
    "bud --arch arm --variant v7 --pull-never --manifest list:1 ctx",
    {
      platforms: ["linux/arm/v7"],
      pull: "never",
      tags: ["list:1"],
      context: at("ctx"),
    },
  ],
  [
    "bud --cache-from r/c --cache-to r/c --build-context b=container-image://d --no-cache -q ctx",
    {
      cacheFrom: [{ type: "registry", ref: "r/c" }],
      cacheTo: [{ type: "registry", ref: "r/c", mode: "max" }],
      buildContexts: { b: "docker-image://d" },
      noCache: true,
      context: at("ctx"),
    },
  ],
  ["bud ctx", { buildArgs: { HTTP_PROXY: "http://p" }, context: at("ctx") }, { HTTP_PROXY: "http://p" }],
  ["bud --http-proxy=false ctx", { context: at("ctx") }, { HTTP_PROXY: "http://p" }],
];

const DEFAULTS: BuildOptions = { buildArgs: {}, noCache: false, pull: false, collect: false };

for (const [line, options, env] of READ) {
  test(`${line}${env === undefined ? "" : " with a proxy"}`, async (t) => {
    // An address is a path elsewhere than in the working directory of the process.
    const cwd = line.includes("git://") ? {} : { cwd: directory.path };
    const run = await runRig(line.split(" "), { ...cwd, ...(env === undefined ? {} : { env }) });
    t.is(run.code, 0, run.stderr);
    t.deepEqual(run.builds, [{ ...DEFAULTS, ...options }]);
  });
}

test("kaniko's files name the digest", async (t) => {
  const line =
    "kaniko -c ctx -d r.io/a/app:1 -d r.io/b --digest-file digest --image-name-with-digest-file names --image-name-tag-with-digest-file tags";
  const { code, stderr } = await runRig(line.split(" "), { cwd: directory.path });
  t.is(code, 0, stderr);
  const { digest } = DESCRIPTOR;
  t.is(readFileSync(at("digest"), "utf8"), digest);
  t.is(readFileSync(at("names"), "utf8"), `r.io/a/app@${digest}\nr.io/b@${digest}\n`);
  t.is(readFileSync(at("tags"), "utf8"), `r.io/a/app:1@${digest}\nr.io/b@${digest}\n`);
});

const REFUSED: readonly (readonly [line: string, what: RegExp])[] = [
  ["kaniko -c ctx", /--destination is missing\nhint: give --destination NAME, or --no-push/],
  ["kaniko --no-push -c s3://bucket/x.tar", /Cannot read the context "s3:\/\/bucket\/x.tar"\nhint: .*tar:\/\/stdin/],
  ["kaniko --no-push -c tar://x.tar.gz", /hint: gunzip -c x.tar.gz \| tsbuild kaniko/],
  ["bud -f a -f b", /one Dockerfile makes an image\nhint: cat A B/],
  ["bud --network ns:/run/x", /hint: steps have the networks private, none and host/],
  ["bud --build-arg-file missing", /Cannot read "missing" for --build-arg-file: there is no such file/],
  ["bud --inherit-labels=false", /Cannot use --inherit-labels=false/],
];

for (const [line, what] of REFUSED) {
  test(`refused: ${line}`, async (t) => {
    const { code, stderr, builds } = await runRig(line.split(" "), { cwd: directory.path });
    t.deepEqual([code, builds.length], [2, 0]);
    t.regex(stderr, what);
  });
}
