import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import test from "ava";
import { recordedStep } from "../../core/recorded-step.js";
import type { BuildOptions } from "../../api/options/options.js";
import { COMMANDS, commandName } from "../../cli/commands-table.js";
import { CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "../../core/errors.js";
import { announced, now } from "../../core/events.js";
import { sha256 } from "../../core/digest.js";
import { golden } from "../support/golden.js";
import { type CliRigOptions, DESCRIPTOR, IMAGE_ID, RESULT, runRig, storedImage } from "../support/rigs/cli-rig.js";

/** Options of a command line without flags. A case lists its differences. */
const DEFAULTS: BuildOptions = {
  buildArgs: {},
  noCache: false,
  pull: false,
  collect: false,
  context: ".",
};

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
  ["--provenance=false --sbom false --attest type=provenance,disabled=true --call build .", {}],
  [
    "--allow network.host,security.insecure --allow network.host --allow fs=/data,fs.read=/x --allow ssh .",
    { allow: ["network.host", "security.insecure", "network.host"] },
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

for (const name of [undefined, ...Object.keys(COMMANDS)]) {
  test(`help fits a terminal of 80 columns: ${name ?? "tsbuild"}`, async (t) => {
    const { code, stdout } = await runRig([...(name === undefined ? [] : [name]), "--help"]);
    t.is(code, 0);
    t.deepEqual(
      stdout.split("\n").filter((line) => line.length > 80),
      [],
    );
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
  ["--memory 1g", ["--memory"]],
  ["-m 1g -c 5", ["--memory", "--cpu-shares"]],
  [
    "--memory-swap=1g --cpu-period=5 --cpu-quota=5 --cpuset-cpus=0 --cpuset-mems 0",
    ["--memory-swap", "--cpu-period", "--cpu-quota", "--cpuset-cpus", "--cpuset-mems"],
  ],
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

test("an error of the options ends with 2, and nothing is collected", async (t) => {
  const { code, collected } = await runRig(["."], { build: () => Promise.reject(new UsageError("options/invalid", "no")) });
  t.deepEqual([code, collected], [2, 0]);
});

/** Command lines that are refused: golden texts hold what the user sees. */
const REFUSED: Readonly<Record<string, readonly [string, number, CliRigOptions?]>> = {
  "unknown-flag": ["--tagg app .", 2],
  "unknown-flag-far": ["--frobnicate .", 2],
  "missing-value": [". --tag", 2],
  "two-contexts": [". other", 2],
  "no-context": ["build", 2],
  "unknown-command": ["imagse", 2],
  "bad-progress": ["--progress fancy .", 2],
  "bad-progress-env": [".", 2, { env: { BUILDKIT_PROGRESS: "fancy" } }],
  "quiet-and-progress": ["-q --progress plain .", 2],
  "bad-switch": ["--quiet=maybe .", 2],
  "bad-pull": ["--pull=maybe .", 2],
  "empty-platform": ["--platform= .", 2],
  "empty-label": ["--label= .", 2],
  "empty-shm-size": ["--shm-size= .", 2],
  "huge-shm-size": ["--shm-size 99999999999999999999 .", 2],
  "huge-shm-size-unit": ["--shm-size 9007199254740992k .", 2],
  "bad-network": ["--network bridge .", 2],
  "bad-shm-size": ["--shm-size much .", 2],
  "bad-jobs": ["--jobs 0 .", 2],
  "bad-build-arg": ["--build-arg =x .", 2],
  "bad-build-context": ["--build-context base .", 2],
  "output-type": ["-o type=ocii,dest=x .", 2],
  "output-no-type": ["-o dest=x .", 2],
  "output-attribute": ["-o type=oci,dset=x .", 2],
  "output-field": ["-o type=oci,x .", 2],
  "output-two-stdout": ["-o - -o type=oci,dest=- .", 2],
  "output-terminal": ["-o - .", 2, { tty: true, env: { NO_COLOR: "1" } }],
  "output-unsupported": ["-o type=oci,dest=x,attestation-inline=true .", 2],
  "output-boolean": ["-o type=image,push=yes .", 2],
  "output-none": ["-o type=local,dest=x,push=true .", 2],
  "local-no-dest": ["-o type=local .", 2],
  "secret-key": ["--secret id=a,file=b .", 2],
  "secret-no-id": ["--secret src=b .", 2],
  "secret-open-quote": ['--secret id=a,"src=b .', 2],
  "cache-quote": ['--cache-to type=s3,bucket="b,session_token=x .', 2],
  ssh: ["--ssh default .", 2],
  "ssh-no-id": ["--ssh =key .", 2],
  "cache-to": ["--cache-to type=locla,dest=x .", 2],
  call: ["--call otline .", 2],
  "call-format": ["--call check,format=xml .", 2],
  "call-check": ["--check --call outline .", 2],
  sbom: ["--sbom true .", 2],
  allow: ["--allow network.hots .", 2],
  "allow-device": ["--allow device=vendor.com/device .", 2],
  "two-stdins": ["-f - -", 2],
  "inspect-template": ["inspect --format {{.Id|nope}} app", 2],
  "images-filter": ["images --filter colour=red", 2],
  "images-filter-near": ["images --filter lable=red", 2],
  "images-filter-value": ["images --filter dangling", 2],
  "builds-filter": ["builds --filter foo=bar", 2],
  "docker-run": ["run --rm -it alpine sh", 2],
  "docker-compose": ["compose up", 2],
  "docker-create": ["buildx create --use", 2],
  "docker-history": ["buildx history open", 2],
  "docker-attachment": ["buildx history inspect attachment a", 2],
  "docker-system": ["system info", 2],
  "docker-image": ["image mount x", 2],
  "docker-search": ["search alpine", 2],
  "images-field": ["images --format {{.Nmae}}", 2],
};

for (const [name, [line, code, rig]] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, async (t) => {
    const run = await runRig(line.split(" "), rig);
    t.is(run.code, code, run.stderr);
    t.is(run.stdout, "");
    t.deepEqual(run.builds, []);
    golden(t, `cli/refused/${name}.txt`, `$ tsbuild ${line}\n${run.stderr}`);
  });
}

test("without -o the image id goes to the standard output, with -o it does not, with -q it does", async (t) => {
  t.is((await runRig(["."])).stdout, `${IMAGE_ID}\n`);
  t.is((await runRig(["-o", "type=oci,dest=x", "."])).stdout, "");
  const quiet = await runRig(["-q", "-o", "type=oci,dest=x", "."]);
  t.is(quiet.stdout, `${IMAGE_ID}\n`);
  t.is(quiet.stderr, "");
});

test("-o - carries the bytes and nothing else, and leaves the standard output open", async (t) => {
  const run = await runRig(["-q", "-o", "-", "."], {
    build: async ({ outputs }) => {
      const output = outputs?.[0];
      if (output?.type !== "tar" || typeof output.dest === "string") throw new Error("expected a stream");
      const { dest } = output;
      await new Promise<void>((done) => dest.end("bytes", () => done()));
      return RESULT;
    },
  });
  t.deepEqual([run.code, run.stdout], [0, "bytes"]);
});

test("--iidfile and --metadata-file", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  try {
    const run = await runRig(["--iidfile", "id", "--metadata-file", "meta.json", "."], { cwd: directory });
    t.is(run.code, 0, run.stderr);
    t.is(readFileSync(join(directory, "id"), "utf8"), IMAGE_ID);
    t.deepEqual(JSON.parse(readFileSync(join(directory, "meta.json"), "utf8")), {
      "containerimage.config.digest": IMAGE_ID,
      "containerimage.descriptor": DESCRIPTOR,
      "containerimage.digest": DESCRIPTOR.digest,
      "image.name": "docker.io/library/app:latest",
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** Runs `body` in a directory with a file `file` and a directory `dir`. */
async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  try {
    mkdirSync(join(directory, "dir"));
    writeFileSync(join(directory, "file"), "before");
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("an id of an earlier build goes before a build that fails; the metadata stays, as with docker", async (t) =>
  inDirectory(async (cwd) => {
    writeFileSync(join(cwd, "meta.json"), "{}");
    symlinkSync("file", join(cwd, "link"));
    let there: boolean | undefined;
    const build = () => {
      there = existsSync(join(cwd, "link"));
      return Promise.reject(new TsbuildError("test/failed", "it failed"));
    };
    const run = await runRig(["--iidfile", "link", "--metadata-file", "meta.json", "."], { cwd, build });
    t.deepEqual([run.code, there], [1, false]);
    t.is(readFileSync(join(cwd, "file"), "utf8"), "before", "a link goes, and not what it names");
    t.is(readFileSync(join(cwd, "meta.json"), "utf8"), "{}");
  }));

test("a metadata file that is a link keeps being one; what is no file is written to as it is", async (t) =>
  inDirectory(async (cwd) => {
    symlinkSync("file", join(cwd, "link"));
    const run = await runRig(["--iidfile", "/dev/null", "--metadata-file", "link", "."], { cwd });
    t.is(run.code, 0, run.stderr);
    t.true(lstatSync("/dev/null").isCharacterDevice());
    t.true(lstatSync(join(cwd, "link")).isSymbolicLink());
    t.is((JSON.parse(readFileSync(join(cwd, "file"), "utf8")) as Record<string, unknown>)["containerimage.digest"], DESCRIPTOR.digest);
  }));

for (const [line, message] of [
  ["--iidfile none/id", /"none\/id" for --iidfile: there is no directory "none"\nhint: Make it first: mkdir -p none\n$/],
  ["--iidfile file/id", /for --iidfile: "file" is no directory/],
  ["--iidfile dir", /"dir" for --iidfile: it is a directory/],
  ["--metadata-file none/m", /"none\/m" for --metadata-file: there is no directory/],
  ["--check --metadata-file dir", /for --metadata-file: it is a directory/],
] as const) {
  test(`a file that cannot be written is reported before the build: ${line}`, async (t) =>
    inDirectory(async (directory) => {
      const run = await runRig([...line.split(" "), "."], { cwd: directory });
      t.regex(run.stderr.replaceAll(`${directory}/`, ""), message);
      t.deepEqual([run.code, run.builds], [2, []]);
    }));
}

for (const flag of ["--iidfile", "--metadata-file"]) {
  test(`a place that goes while the build runs is reported with its flag: ${flag}`, async (t) =>
    inDirectory(async (cwd) => {
      const build = () => {
        rmSync(join(cwd, "dir"), { recursive: true });
        symlinkSync("dir", join(cwd, "dir"));
        return Promise.resolve(RESULT);
      };
      const run = await runRig([flag, "dir/file", "."], { cwd, build });
      t.is(run.code, 1, run.stderr);
      t.regex(run.stderr, new RegExp(`Cannot write ".*/dir/file" for ${flag}: its symbolic links lead in a circle\nhint: `));
      t.notRegex(run.stderr, /\.tmp-|ELOOP/);
    }));
}

for (const flag of ["--iidfile", "--metadata-file"]) {
  test(`a pipe gets the text when its reader comes, and a ctrl-c ends the wait for one: ${flag}`, async (t) =>
    inDirectory(async (cwd) => {
      const pipe = join(cwd, "pipe");
      execFileSync("mkfifo", [pipe]);
      let reading: Promise<string> | undefined;
      const build = () => {
        reading = readFile(pipe, "utf8");
        return Promise.resolve(RESULT);
      };
      const run = await runRig([flag, "pipe", "."], { cwd, build });
      t.is(run.code, 0, run.stderr);
      t.regex((await reading) ?? "", new RegExp(IMAGE_ID));

      const abort = new AbortController();
      const waiting = runRig([flag, "pipe", "."], { cwd, signal: abort.signal });
      setImmediate(() => abort.abort());
      const canceled = await waiting;
      t.is(canceled.code, 130);
      t.regex(canceled.stderr, /^error\[build\/canceled\]/m);
    }));
}

test("a ctrl-c cancels the command that it ends, and a build only where there is one", async (t) => {
  const login = await runRig(["login", "-u", "a", "-p", "b", "h"], { login: () => Promise.reject(new CanceledError()) });
  t.is(login.code, 130);
  t.regex(login.stderr, /^error\[build\/canceled\]: "tsbuild login" was canceled$/m);
  const build = await runRig(["build", "."], { build: () => Promise.reject(new CanceledError()) });
  t.regex(build.stderr, /: The build was canceled$/m);
});

/** Commands in the help of docker, of its plugins and of buildx. */
const DOCKER_COMMANDS =
  "attach bake build builder buildx checkpoint commit compose config container context cp create debug desktop diff events exec export history image images import info init inspect kill load login logout logs manifest network node pause plugin port ps pull push rename restart rm rmi run save sbom scan scout search secret service stack start stats stop swarm system tag top trust unpause update volume wait";
const BUILDX_COMMANDS = "bake build create dap debug dial-stdio du history imagetools inspect ls prune rm stop use version";

for (const line of [...DOCKER_COMMANDS.split(" "), ...BUILDX_COMMANDS.split(" ").map((command) => `buildx ${command}`)]) {
  if (commandName(line.split(" ")).name !== undefined) continue;
  test(`docker's ${line} is known not to be here`, async (t) => {
    const run = await runRig(line.split(" "));
    t.is(run.code, 2, run.stderr);
    t.regex(run.stderr, /^error\[cli\/unknown-command\]: .*: that command of docker's is not here\nhint: \S/);
  });
}

test("BUILDX_METADATA_WARNINGS puts the warnings into the metadata as BuildKit's client writes them", async (t) =>
  inDirectory(async (cwd) => {
    const range = { start: 0, end: 4, line: 2, column: 1, endLine: 2, endColumn: 5 };
    const warning = { severity: "warning", code: "lint/x", rule: "Rule", message: "it is odd", range, hint: "fix it" } as const;
    const warningsWith = async (env: Record<string, string>): Promise<unknown> => {
      const run = await runRig(["--metadata-file", "m", "."], {
        cwd,
        env,
        build: () => Promise.resolve({ ...RESULT, warnings: [warning] }),
      });
      t.is(run.code, 0, run.stderr);
      return (JSON.parse(readFileSync(join(cwd, "m"), "utf8")) as Record<string, unknown>)["buildx.build.warnings"];
    };
    const base64 = (words: string) => Buffer.from(words).toString("base64");
    t.is(await warningsWith({}), undefined);
    t.is(await warningsWith({ BUILDX_METADATA_WARNINGS: "0" }), undefined);
    t.deepEqual(await warningsWith({ BUILDX_METADATA_WARNINGS: "1" }), [
      {
        level: 1,
        short: base64("Rule: it is odd (line 2)"),
        detail: [base64("fix it")],
        range: [{ start: { line: 2, character: 0 }, end: { line: 2, character: 4 } }],
      },
    ]);
  }));

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

const source = {
  name: "Dockerfile",
  text: "FROM alpine AS builder\nRUN true\nRUN make && \\\n    make install\nFROM scratch\nCOPY --from=biulder /app /app\n",
};

/** Returns the error as one of the second step. */
function placed(error: TsbuildError): TsbuildError {
  error.step = "[builder 2/3] RUN true";
  error.place = { source, range: { start: 0, end: 0, line: 2, column: 1, endLine: 2, endColumn: 9 } };
  return error;
}

const FAILURES: Readonly<Record<string, readonly [() => Error, number]>> = {
  diagnostics: [
    () =>
      new DiagnosticsError([
        {
          severity: "error",
          code: "dockerfile/unknown-stage",
          message: 'Cannot copy from "biulder": no stage or named context has that name',
          source,
          range: { start: 0, end: 0, line: 6, column: 13, endLine: 6, endColumn: 20 },
          hint: 'did you mean "builder" (line 1)?',
        },
        {
          severity: "error",
          code: "dockerfile/unknown-instruction",
          message: 'Cannot run "RUNN": there is no such instruction',
          source,
          range: { start: 0, end: 0, line: 2, column: 1, endLine: 2, endColumn: 4 },
        },
      ]),
    1,
  ],
  step: [
    () =>
      Object.assign(
        new ExecError(["/bin/sh", "-c", "make"], { code: 2 }, Array.from({ length: 14 }, (_, line) => `line ${line + 1}\n`).join(""), {
          step: "[builder 3/3] RUN make && make install",
        }),
        { place: { source, range: { start: 0, end: 0, line: 3, column: 1, endLine: 4, endColumn: 17 } } },
      ),
    1,
  ],
  "machine-store": [() => placed(new TsbuildError("store/not-writable", 'Cannot use "/x" as the store: permission denied')), 1],
  "machine-helper": [
    () => placed(new TsbuildError("exec/helper-missing", "Cannot run steps: the sandbox program is for arm64 processors")),
    1,
  ],
  hint: [
    () =>
      new TsbuildError("registry/unauthorized", 'Cannot pull "private/app": the registry wants credentials', { hint: "run tsbuild login" }),
    1,
  ],
  canceled: [() => new CanceledError(), 130],
  bug: [() => new Error("internal: no such thing"), 1],
  system: [() => Object.assign(new Error("EACCES: permission denied, open '/root/x'"), { code: "EACCES" }), 1],
};

for (const [name, [error, code]] of Object.entries(FAILURES)) {
  test(`failure: ${name}`, async (t) => {
    const run = await runRig(["-q", "."], { build: () => Promise.reject(error()) });
    t.is(run.code, code);
    t.is(run.stdout, "");
    golden(t, `cli/failure/${name}.txt`, run.stderr);
  });
}

test("plain progress repeats the failed step once, not twice", async (t) => {
  const step = sha256("step");
  const run = await runRig(["--progress", "plain", "."], {
    build: (_options, emit) => {
      const at = now();
      emit({ type: "steps", steps: [announced(step, recordedStep("[2/2] RUN make"))] });
      emit({ type: "started", step, at });
      emit({ type: "output", step, at, stream: "stdout", data: Buffer.from("no rule\n") });
      const error = new ExecError(["make"], { code: 2 }, "no rule\n", { step: "[2/2] RUN make" });
      emit({ type: "failed", step, at, error });
      return Promise.reject(error);
    },
  });
  t.is(run.code, 1);
  t.is(run.stderr.match(/ > \[2\/2\] RUN make:/g)?.length, 1);
  t.is(run.stderr.match(/0\.000 no rule/g)?.length, 2);
});

test("warnings are listed after the build", async (t) => {
  const diagnostic = {
    severity: "warning",
    code: "lint/x",
    rule: "StageNameCasing",
    message: "Stage name 'B' should be lowercase",
    source,
    range: { start: 0, end: 1, line: 1, column: 1, endLine: 1, endColumn: 2 },
  } as const;
  const run = await runRig(["--progress", "plain", "."], { build: () => Promise.resolve({ ...RESULT, warnings: [diagnostic] }) });
  t.is(run.stderr, "\n 1 warning found:\n - StageNameCasing: Stage name 'B' should be lowercase (line 1)\n");
});

test("an abort is reported as such, whatever the build threw", async (t) => {
  const abort = new AbortController();
  const run = await runRig(["-q", "."], {
    signal: abort.signal,
    build: () => {
      abort.abort();
      return Promise.reject(new Error("socket hang up"));
    },
  });
  t.is(run.code, 130);
  t.regex(run.stderr, /build\/canceled/);
});

const images = [
  storedImage("app", { names: ["docker.io/library/app:latest", "localhost:5000/team/app:1"] }),
  storedImage("old", { created: "2025-01-01T00:00:00Z", size: 999 }),
  storedImage("nameless", { names: [], created: undefined, size: 1_234_567_890 }),
];

const SHOWN: readonly string[] = [
  "--help",
  "build --help",
  "bake --help",
  "images",
  "images --digests --no-trunc",
  "images -q",
  "images app",
  "images */team/*:1",
  "images --filter dangling=true",
  "images --filter before=app",
  "images --filter label=team=blue -q",
  "images --format json",
  "images --format table|{{.Repository}}:{{.Tag}}\\t{{.Size}}",
  "images --format {{.ID}}|{{.CreatedAt}}",
  "image ls",
  "images --tree",
  "images --filter until=1h --format {{.Repository}}|{{.SharedSize}}|{{.Containers}}",
  "version --format {{.Server.Version}}|{{printf|`%s`|.Client.Os}}",
  "buildx version",
  "-D --log-level=info image ls -q",
  "inspect app",
  "inspect missing app",
  'inspect --format {{.Id}}|{{json|.Config.Env}}|{{index|.Config.Labels|"team"}}|{{range|.Config.Env}}<{{.}}>{{else}}none{{end}}|{{.Nope}} app',
  "inspect --format json app",
  "history app",
  "history --no-trunc --human=false --format {{.CreatedBy}}|{{.Size}} app",
  "history -q app",
  "rmi app missing",
  "rmi -f missing",
  "tag app other:1",
  "tag missing other:1",
  "save app old",
  "load",
  "load -q",
];

test("what the image commands print", async (t) => {
  for (const line of SHOWN) {
    const argv = line.split(" ").map((arg) => arg.replaceAll("|", " "));
    const run = await runRig(argv, { images, stdin: "archive" });
    const name = line.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
    golden(
      t,
      `cli/shown/${name}.txt`,
      `$ tsbuild ${argv.join(" ")}\n${run.stdout}${run.stderr ? `--- standard error\n${run.stderr}` : ""}--- exit ${run.code}\n`,
    );
  }
});

test("--version", async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
  t.is((await runRig(["--version"])).stdout, `tsbuild ${version}\n`);
});
