import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import test from "ava";
import type { BuildOptions } from "../../api/options/options.js";
import { runRig } from "../support/rigs/cli-rig.js";
import { type CliRigOptions, IMAGE_ID, RESULT } from "../support/rigs/fake-library.js";

/** Options of a command line without flags. A case lists its differences. */
const DEFAULTS: BuildOptions = { buildArgs: {}, noCache: false, pull: false, collect: false, context: "." };

/** Command line, options the library gets, more about the run. */
const READ: readonly (readonly [string, Partial<BuildOptions>, CliRigOptions?])[] = [
  [".", {}],
  ["build .", {}],
  ["buildx build .", {}],
  ["image build .", {}],
  ["-t app:1 -t=other --tag third .", { tags: ["app:1", "other", "third"] }],
  [". --no-cache-filter build,test --no-cache-filter last", { noCacheFilter: ["build", "test", "last"] }],
  ["--no-cache --no-cache-filter a .", { noCache: true, noCacheFilter: ["a"] }],
  ["--pull=false --no-cache=true .", { noCache: true }],
  ["--build-arg A=1=2 --build-arg B --build-arg C= .", { buildArgs: { A: "1=2", B: "from env", C: "" } }, { env: { B: "from env" } }],
  ["--build-arg MISSING .", { buildArgs: { MISSING: undefined } }],
  [".", { buildArgs: { SOURCE_DATE_EPOCH: "7" } }, { env: { SOURCE_DATE_EPOCH: "7" } }],
  ["--label a=b --label c .", { labels: { a: "b", c: "" } }],
  ["--annotation index:a=b .", { annotations: { "index:a": "b" } }],
  ["--build-context base=docker-image://alpine .", { buildContexts: { base: "docker-image://alpine" } }],
  ["--platform linux/arm64,linux/amd64 --platform linux/s390x .", { platforms: ["linux/arm64", "linux/amd64", "linux/s390x"] }],
  [".", { platforms: ["linux/arm64"] }, { env: { DOCKER_DEFAULT_PLATFORM: "linux/arm64" } }],
  [
    "-f docker/Dockerfile --target out --network none --shm-size 64m --jobs 3 .",
    { dockerfile: "docker/Dockerfile", target: "out", network: "none", shmSize: 64 * 2 ** 20, jobs: 3 },
  ],
  ["--jobs auto .", { jobs: "auto" }],
  ["--builder docker:// --builder a .", { builders: ["docker://"] }, { env: { TSBUILD_BUILDER: "unix:///x" } }],
  [".", { builders: ["unix:///x"] }, { env: { TSBUILD_BUILDER: "unix:///x", BUILDKIT_HOST: "unix:///y" } }],
  ["--llb - .", { llb: Buffer.from("graph") }, { stdin: "graph" }],
  // Nothing of the working directory is read for a graph without a context.
  ["build --llb=-", { llb: Buffer.from("graph"), context: new Uint8Array() }, { stdin: "graph" }],
  ["-m 1g --memory-swap=-1 -c 5 --pids-limit 9 .", { memory: "1g", memorySwap: "-1", cpuShares: "5", pidsLimit: "9" }],
  ["--cpu-period=5 --cpu-quota=6 --cpuset-cpus=0 --cpuset-mems 1 .", { cpuPeriod: "5", cpuQuota: "6", cpusetCpus: "0", cpusetMems: "1" }],
  [
    "--resource memory=2g --resource=cpu-shares=5 --cpus 1.5 --build-memory 4g --build-cpus 2 --limits strict .",
    { resources: ["memory=2g", "cpu-shares=5"], cpus: "1.5", buildMemory: "4g", buildCpus: "2", limits: "strict" },
  ],
  ["--add-host a:1.2.3.4 --ulimit nofile=1024:2048 .", { addHosts: ["a:1.2.3.4"], ulimits: ["nofile=1024:2048"] }],
  ["--isolation chroot .", { isolation: "chroot" }],
  ["--isolation=auto .", { isolation: "auto" }],
  ["--pull=always .", { pull: true }],
  ["--pull=newer .", { pull: true }],
  ["--pull=missing .", {}],
  ["--pull=never .", { pull: "never" }],
  ["--pull .", { pull: true }],
  ["-t a -t= .", { tags: ["a", ""] }],
  ["--root= .", { root: "/env" }, { env: { TSBUILD_ROOT: "/env" } }],
  ["--root /store .", { root: "/store" }],
  ["--cache-budget 5% .", { cacheBudget: "5%" }],
  ["--root=/store build .", { root: "/store" }],
  [".", { root: "/env" }, { env: { TSBUILD_ROOT: "/env" } }],
  ["-o out .", { outputs: [{ type: "local", dest: "out" }] }],
  ["-o type=oci,dest=a.tar .", { outputs: [{ type: "oci", dest: "a.tar" }] }],
  [
    '-o type=oci,dest=a,tar=false,compression=zstd,compression-level=3,force-compression=true,oci-mediatypes=true,"name=a,b",annotation.k=v,annotation-index.k=v .',
    {
      outputs: [
        {
          type: "oci",
          dest: "a",
          names: ["a", "b"],
          tar: false,
          compression: "zstd",
          compressionLevel: 3,
          forceCompression: true,
          ociMediaTypes: true,
          annotations: { "manifest:k": "v", "index:k": "v" },
        },
      ],
    },
  ],
  [
    "-o type=image,name=h/a,push=true,push-by-digest=true,name-canonical=true,dangling-name-prefix=p,registry.insecure=,store=0,unpack=f .",
    {
      outputs: [
        {
          type: "image",
          names: ["h/a"],
          push: true,
          pushByDigest: true,
          insecure: true,
          store: false,
          unpack: false,
          danglingNamePrefix: "p",
        },
      ],
    },
  ],
  [
    "-o type=registry,compression=zstd,force-compression=true,rewrite-timestamp=true,push=true,annotation-manifest[linux/amd64].a=b .",
    {
      outputs: [
        {
          type: "registry",
          compression: "zstd",
          forceCompression: true,
          rewriteTimestamp: true,
          annotations: { "manifest[linux/amd64]:a": "b" },
        },
      ],
    },
  ],
  [
    "-o type=local,dest=d,platform-split=false,mode=copy -o type=tar,dest=t,platform-split=true .",
    {
      outputs: [
        { type: "local", dest: "d", platformSplit: false },
        { type: "tar", dest: "t", platformSplit: true },
      ],
    },
  ],
  ["-o type=docker,compression=uncompressed .", { outputs: [{ type: "image", compression: "uncompressed" }] }],
  ["-o type=docker .", { outputs: [{ type: "image" }] }],
  ["-o type=docker,dest=d.tar -o type=cacheonly .", { outputs: [{ type: "docker", dest: "d.tar" }, { type: "cacheonly" }] }],
  ["--push .", { outputs: [{ type: "registry" }] }],
  ["--push -o type=image,name=x .", { outputs: [{ type: "image", names: ["x"], push: true }] }],
  ["--load -o type=tar,dest=t .", { outputs: [{ type: "tar", dest: "t" }, { type: "image" }] }],
  ["--load .", { outputs: [{ type: "image" }] }],
  ["--provenance=false --sbom false --attest type=provenance,disabled=true --call build .", { provenance: false, sbom: false }],
  ["--sbom=true --attest type=provenance,mode=min --provenance=false .", { sbom: {}, provenance: { mode: "min" } }],
  [
    "--allow network.host,security.insecure --allow network.host --allow fs=/data,fs.read=/x --allow ssh --allow device,device=vendor.com/gpu=0 .",
    { allow: ["network.host", "security.insecure", "network.host", "fs.read=/data", "fs.read=/x", "device", "device=vendor.com/gpu=0"] },
  ],
  ["-f - sub", { context: "sub", dockerfile: { text: "FROM scratch\n", name: "<stdin>" } }, { stdin: "FROM scratch\n" }],
  ["-- -odd", { context: "-odd" }],
  ["https://example.com/repo.git#main:sub", { context: "https://example.com/repo.git#main:sub" }],
  ["-f sub/Containerfile git@example.com:a/b.git", { context: "git@example.com:a/b.git", dockerfile: "sub/Containerfile" }],
  ["-f https://example.com/Dockerfile sub", { context: "sub", dockerfile: "https://example.com/Dockerfile" }],
  [
    "--secret id=a,src=b --secret type=env,id=c,source=D --secret id=E --secret id=f .",
    { secrets: { a: { src: "b" }, c: { env: "D" }, E: { env: "E" }, f: { src: "f" } } },
    { env: { E: "1" } },
  ],
];

for (const [line, expected, rig] of READ) {
  test(`read: tsbuild ${line}${rig?.env ? ` with ${Object.keys(rig.env).join(" ")}` : ""}`, async (t) => {
    const { code, stderr, builds } = await runRig(line.split(" "), rig);
    t.is(code, 0, stderr);
    t.deepEqual(builds, [{ ...DEFAULTS, ...expected }]);
  });
}

/** Scripts write `--target "$TARGET"` whether or not the variable is set. */
const EMPTY =
  "target network file output iidfile metadata-file progress call print secret ssh build-context add-host allow annotation provenance sbom cgroup-parent attest " +
  "cache-from cache-to no-cache-filter jobs cache-budget memory isolation security-opt builder";

for (const flag of EMPTY.split(" ")) {
  test(`an empty --${flag} is a flag that was not given`, async (t) => {
    for (const args of [
      [`--${flag}=`, "."],
      [`--${flag}`, "", "."],
    ]) {
      const { code, stderr, stdout, builds } = await runRig(args);
      t.is(code, 0, stderr);
      t.deepEqual(builds, [DEFAULTS]);
      t.is(stdout, `${IMAGE_ID}\n`);
      t.notRegex(stderr, /nothing/);
    }
  });
}

/** Flags of docker that change nothing here, and whether a note says so. */
const IDLE: readonly (readonly [string, warned?: readonly string[]])[] = [
  ["--rm --rm=true --rm=false --force-rm --force-rm=0 --compress --builder default --builder=default --isolation=default"],
  ["-D"],
  ["--debug"],
  ["--squash --squash", ["--squash"]],
  ["--security-opt seccomp=unconfined --security-opt b", ["--security-opt"]],
  ["--isolation hyperv --builder other --cgroup-parent /x", ["--cgroup-parent", "--isolation", "--builder"]],
];

for (const [line, warned] of IDLE) {
  test(`docker's old flags are taken: ${line}`, async (t) => {
    const { code, stderr, builds } = await runRig(["build", ...line.split(" "), "."]);
    t.is(code, 0, stderr);
    t.deepEqual(builds, [DEFAULTS]);
    if (warned === undefined) t.is(stderr, "");
    else t.regex(stderr, new RegExp(`^\n 1 warning found:\n - options/idle: ${warned.join(", ")} changes? nothing\n   hint: .*\n$`));
  });
}

test("names of the command line may be __proto__", async (t) => {
  const { builds } = await runRig(["--build-arg=__proto__=1", "--label=__proto__=2", "."]);
  t.deepEqual(Object.entries(builds[0]?.buildArgs ?? {}), [["__proto__", "1"]]);
  t.deepEqual(Object.entries(builds[0]?.labels ?? {}), [["__proto__", "2"]]);
});

/** Flags before the command, the variables they set, and the command that is left. */
const GLOBALS: readonly (readonly [line: string, env: Readonly<Record<string, string>>])[] = [
  ["--config /c image ls", { DOCKER_CONFIG: "/c" }],
  ["--config=c --context a build .", { DOCKER_CONFIG: "c", DOCKER_CONTEXT: "a" }],
  ["-D -H unix:///x images", { TSBUILD_DEBUG: "1", DOCKER_HOST: "unix:///x" }],
  ["-Hunix:///x --tlsverify --tlscacert ca.pem -l debug images", { DOCKER_HOST: "unix:///x" }],
  ["-c other images", { DOCKER_CONTEXT: "other" }],
  ["--config /c .", { DOCKER_CONFIG: "/c" }],
  // Flags of the build, because no command follows.
  ["-D .", {}],
  ["-c 5 .", {}],
];

for (const [line, env] of GLOBALS) {
  test(`flags before a command: ${line}`, async (t) => {
    const run = await runRig(line.split(" "));
    t.is(run.code, 0, run.stderr);
    t.deepEqual(run.env, env);
  });
}

test("a flag before a command that lacks its value is refused", async (t) => {
  const { code, stderr } = await runRig(["--config"]);
  t.is(code, 2);
  t.regex(stderr, /"--config": its value is missing/);
});

test("--print is --call", async (t) => {
  const { code } = await runRig(["--print=targets", "."], {
    targets: () => Promise.resolve({ targets: [], source: { name: "Dockerfile", text: "" } }),
  });
  t.is(code, 0);
});

test("what the standard input holds is decided by the library", async (t) => {
  const run = await runRig(["-f", "sub/Dockerfile", "-"], {
    stdin: "FROM scratch\n",
    build: async ({ context, dockerfile }) => {
      t.true(context instanceof Readable);
      t.is(dockerfile, "sub/Dockerfile");
      t.is(await text(context as Readable), "FROM scratch\n");
      return RESULT;
    },
  });
  t.is(run.code, 0, run.stderr);
});
