import test from "ava";
import fc from "fast-check";
import { sha256 } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import { printGraph } from "../../../llb/print.js";
import { topological } from "../../../llb/vertex.js";
import { DEFINITION, type METADATA } from "../../../llb/wire/definition.js";
import { encode, type ValueOf } from "../../../llb/wire/message.js";
import { OP } from "../../../llb/wire/operations.js";
import { readDefinition } from "../../../llb/wire/read/read-definition.js";
import { writeDefinition } from "../../../llb/wire/write/write-definition.js";
import { wireCases, wireGraph } from "../../support/samples/wire-graph.js";

type OpMessage = ValueOf<typeof OP>;

for (const name of wireCases()) {
  test(`${name}: what is written is read, and written alike`, async (t) => {
    const { root } = await wireGraph(name);
    const options = { platform: "linux/amd64" };
    const { bytes, vertices } = writeDefinition(root, options);
    const again = writeDefinition(readDefinition(bytes), options).vertices.map(({ digest }) => digest);
    // A directory that was made for a cache mount is a part of the mount.
    t.deepEqual([...again].sort(), vertices.map(({ digest }) => digest).sort());
  });
}

/** Returns a definition of these operations. Each has the one before it as its only input. */
function definition(...ops: readonly OpMessage[]): Uint8Array {
  const def: Uint8Array[] = [];
  for (const op of ops) def.push(encode(OP, { ...inputOf(def), ...op }));
  return encode(DEFINITION, { def: [...def, encode(OP, inputOf(def))] });
}

const inputOf = (def: readonly Uint8Array[]): OpMessage => {
  const last = def.at(-1);
  return last ? { inputs: [{ digest: sha256(last) }] } : {};
};

const source = (identifier: string, attrs: Readonly<Record<string, string>> = {}): OpMessage => ({
  source: { identifier, attrs: new Map(Object.entries(attrs)) },
});
const local = source("local://context");
type ExecMessage = NonNullable<OpMessage["exec"]>;
const ROOT = { input: 0, dest: "/", output: 0 };
const exec = (more: ExecMessage = {}, meta: NonNullable<ExecMessage["meta"]> = {}): OpMessage => ({
  exec: { mounts: [ROOT], ...more, meta: { args: ["true"], cwd: "/", ...meta } },
});
type ActionMessage = NonNullable<NonNullable<OpMessage["file"]>["actions"]>[number];
const file = (...actions: readonly ActionMessage[]): OpMessage => ({ file: { actions } });
const mkdir = (more: NonNullable<ActionMessage["mkdir"]> = {}): ActionMessage => ({
  input: 0,
  mkdir: { path: "/a", mode: 0o755, timestamp: -1, ...more },
});
const copy = (more: NonNullable<ActionMessage["copy"]> = {}): ActionMessage => ({
  input: -1,
  copy: { src: "/a", dest: "/b", mode: -1, timestamp: -1, ...more },
});

/** Definitions of operations that are refused, and a part of the message. */
const REFUSED: readonly (readonly [name: string, ops: readonly OpMessage[], RegExp])[] = [
  ["a definition inside", [local, { build: { builder: -1 } }], /operation" .*build: tsbuild has no such operation/],
  ["a group", [local, { passthrough: { id: "a" } }], /passthrough: tsbuild has no such operation/],
  ["no operation", [local, { constraints: {} }], /tsbuild has no such operation/],
  ["a choice of workers", [local, { ...exec(), constraints: { filter: ["a"] } }], /constraints\.filter/],
  ["a device without a name", [local, exec({ cdiDevices: [{ name: "" }] })], /exec\.cdiDevices/],
  ["a cgroup", [local, exec({}, { cgroupParent: "a" })], /exec\.meta\.cgroupParent/],
  ["other exit codes", [local, exec({}, { validExitCodes: [0, 3] })], /validExitCodes/],
  ["proxies", [local, exec({}, { proxy_env: { http_proxy: "http://a" } })], /proxy_env/],
  ["no command", [local, exec({}, { args: [] })], /there is no command/],
  ["a zero byte in an argument", [local, exec({}, { args: ["a\0b"] })], /zero byte/],
  ["a variable without a name", [local, exec({}, { env: ["=a"] })], /is no name of a variable/],
  ["a line for /etc/hosts", [local, exec({}, { extraHosts: [{ Host: "a\nb", IP: "1.2.3.4" }] })], /no name of a machine/],
  ["an address that is none", [local, exec({}, { extraHosts: [{ Host: "a", IP: "host-gateway" }] })], /is no address/],
  ["an unknown limit", [local, exec({}, { ulimit: [{ Name: "nothing" }] })], /there is no limit "nothing"/],
  ["a limit beyond all numbers", [local, exec({}, { ulimit: [{ Name: "core", Soft: 2 ** 60 }] })], /too large/],
  ["an unknown network", [local, exec({ network: 7 })], /exec\.network: 7 is not known/],
  ["an unknown security mode", [local, exec({ security: 7 })], /exec\.security: 7/],
  ["no root filesystem", [local, exec({ mounts: [] })], /there is no root filesystem/],
  [
    "a root filesystem that is a cache",
    [local, exec({ mounts: [{ ...ROOT, mountType: 3, cacheOpt: { ID: "a" } }] })],
    /no root filesystem/,
  ],
  ["a part of a root filesystem", [local, exec({ mounts: [{ ...ROOT, selector: "/a" }] })], /is a part of one/],
  ["a root filesystem that is read only", [local, exec({ mounts: [{ ...ROOT, output: -1, readonly: true }] })], /exec\.mounts\.readonly/],
  [
    "two mounts in one place",
    [local, exec({ mounts: [ROOT, { ...ROOT, dest: "/a", output: -1 }, { ...ROOT, dest: "/a/", output: -1 }] })],
    /two are at "\/a"/,
  ],
  ["a mount of nothing that exists", [local, exec({ mounts: [{ ...ROOT, input: 3 }] })], /3 is none of 1 inputs/],
  ["a mount below nothing", [local, exec({ mounts: [{ ...ROOT, input: -2 }] })], /-2 is none of 1 inputs/],
  ["a result of another build", [local, exec({ mounts: [{ ...ROOT, resultID: "a" }] })], /resultID/],
  ["a mount that is never cached", [local, exec({ mounts: [{ ...ROOT, contentCache: 2 }] })], /contentCache/],
  ["an unknown mount", [local, exec({ mounts: [ROOT, { dest: "/a", mountType: 9 }] })], /mountType: 9/],
  ["a cache without a name", [local, exec({ mounts: [ROOT, { input: -1, dest: "/a", mountType: 3, output: -1 }] })], /a cache has no name/],
  ["a secret without a name", [local, exec({ mounts: [ROOT, { input: -1, dest: "/a", mountType: 1 }] })], /a secret has no name/],
  [
    "the output of a mount that is read only",
    [
      local,
      exec({
        mounts: [
          { ...ROOT, output: 1 },
          { input: -1, dest: "/out", output: 0, readonly: true },
        ],
      }),
      exec(),
    ],
    /uses output 0 of "true"/,
  ],
  [
    "the output of a mount inside a cache",
    [
      local,
      exec({
        mounts: [
          { ...ROOT, output: 1 },
          { input: -1, dest: "/out/in", output: 0 },
          { input: -1, dest: "/out", output: -1, mountType: 3, cacheOpt: { ID: "a" } },
        ],
      }),
      exec(),
    ],
    /the result of a mount inside of "\/out" is used/,
  ],
  ["an output that is not there", [local, { ...exec(), inputs: [{ digest: sha256(encode(OP, local)), index: 3 }] }], /output 3 of "local:/],
  ["no actions", [local, file()], /there are none/],
  ["two outputs", [local, file({ ...mkdir(), output: 0 }, { ...mkdir(), output: 0 })], /only the last action/],
  ["an action on a later one", [local, file({ ...mkdir(), input: 1 })], /file\.actions\.input: 1 is none of 1/],
  ["a copy of nothing", [local, file({ ...copy(), secondaryInput: -1 })], /from the empty filesystem/],
  ["a directory with a time", [local, file(mkdir({ timestamp: 5 }))], /file\.mkdir\.timestamp/],
  ["a copy with a time", [local, file(copy({ timestamp: 0 }))], /file\.copy\.timestamp/],
  ["a copy that replaces", [local, file(copy({ alwaysReplaceExistingDestPaths: true }))], /alwaysReplaceExistingDestPaths/],
  ["paths that are required otherwise", [local, file(copy({ include_patterns: ["a", "b"], required_paths: ["/a"] }))], /required_paths/],
  ["permission bits", [local, file(mkdir({ mode: 0o20000 }))], /no permission bits/],
  ["a zero byte in a path", [local, file(copy({ src: "a\0" }))], /zero byte/],
  ["an action of no kind", [local, file({ input: 0 })], /of no known kind/],
  ["a merge of nothing", [local, { merge: {} }], /merge\.inputs: there are none/],
  ["a merge with emptiness", [local, { merge: { inputs: [{ input: -1 }] } }], /one is empty/],
  ["a difference without an upper part", [local, { diff: { lower: { input: 0 }, upper: { input: -1 } } }], /diff\.upper/],
  ["an unknown scheme", [source("ftp://a")], /no source "ftp"/],
  ["a layout of this machine", [source("oci-layout:///home/me/layout@sha256:00")], /no source "oci-layout"/],
  ["a blob of this machine", [source("docker-image+blob://a@sha256:00")], /no source "docker-image\+blob"/],
  ["an unknown attribute", [source("local://context", { "local.other": "1" })], /source\.attrs\.local\.other/],
  ["consent in the caller's place", [source("git://a/b", { "git.fromcaller": "true" })], /git\.fromcaller/],
  ["another secret for a host", [source("git://a/b", { "git.authtokensecret": "AWS_KEY" })], /a secret of the name "AWS_KEY" is not sent/],
  ["a repository by a program", [source("git://a/b", { "git.fullurl": "ext::sh -c id" })], /no address of a repository/],
  ["a repository that is a flag", [source("git://a/b", { "git.fullurl": "--upload-pack=id" })], /no address of a repository/],
  ["a host that is a flag", [source("git://a/b", { "git.fullurl": "ssh://-oProxyCommand=id/a" })], /no address of a repository/],
  ["a ref that is a flag", [source("git://a/b#--exec=id")], /no branch, tag or commit/],
  ["a directory outside of the repository", [source("git://a/b#main:../..")], /leads out of the repository/],
  ["a bundle", [source("git://a/b", { "git.bundle": "x" })], /git\.bundle/],
  ["an image that is always fetched", [source("docker-image://a", { "image.resolvemode": "pull" })], /resolvemode/],
  ["some layers of an image", [source("docker-image://a", { "image.layerlimit": "1" })], /layerlimit/],
  ["a checksum that is none", [source("https://a/b", { "http.checksum": "md5:1" })], /is no digest/],
  ["a name of a download that is a path", [source("https://a/b", { "http.filename": "../c" })], /no name of a file/],
  ["headers for a host", [source("https://a/b", { "http.header.accept": "x" })], /http\.header\.accept/],
  ["a URL that is none", [source("http://[a")], /is no URL/],
  ["patterns that are none", [source("local://context", { "local.excludepatterns": "{}" })], /no list of patterns/],
  [
    "patterns that take back",
    [source("local://context", { "local.includepattern": '["a"]', "local.excludepatterns": '["b","!b/c"]' })],
    /"!b\/c" stands beside/,
  ],
];

for (const [name, ops, expected] of REFUSED) {
  test(`refused by name: ${name}`, (t) => {
    const error = t.throws(() => readDefinition(definition(...ops)), { instanceOf: TsbuildError });
    t.is(error?.code, "llb/not-solved");
    t.regex(error?.message ?? "", expected);
  });
}

test("a definition of nothing is the empty filesystem", (t) => {
  t.is(readDefinition(encode(DEFINITION, {})), undefined);
});

/** Definitions that are broken as a whole, and a part of the message. */
const BROKEN: readonly (readonly [name: string, bytes: Uint8Array, RegExp])[] = [
  [
    "an input that is not there",
    encode(DEFINITION, { def: [encode(OP, { inputs: [{ digest: sha256("x") }] })] }),
    /sha256:\w+ is not in it/,
  ],
  ["an input without a digest", encode(DEFINITION, { def: [encode(OP, { inputs: [{}] })] }), /without a digest/],
  [
    "two results",
    encode(DEFINITION, { def: [encode(OP, local), encode(OP, { inputs: [{ digest: "a" }, { digest: "b" }] })] }),
    /one result/,
  ],
  ["a result that is an operation", encode(DEFINITION, { def: [encode(OP, local)] }), /one result/],
  ["an operation that is none", encode(DEFINITION, { def: [Uint8Array.of(255), Uint8Array.of()] }), /Op/],
  ["too many operations", encode(DEFINITION, { def: Array.from({ length: 50_001 }, () => new Uint8Array()) }), /50001 operations/],
  ["too many bytes", new Uint8Array(65 * 2 ** 20), /more than/],
  ["text", Buffer.from("FROM scratch\n"), /Definition/],
];

for (const [name, bytes, expected] of BROKEN) {
  test(`no definition: ${name}`, (t) => {
    const error = t.throws(() => readDefinition(bytes), { instanceOf: TsbuildError });
    t.is(error?.code, "llb/not-a-definition");
    t.regex(error?.message ?? "", expected);
  });
}

test("a graph of any depth is read", (t) => {
  const ops = Array.from({ length: 20_000 }, (_, index) => file(mkdir({ path: `/${index}` })));
  t.is(topological([readDefinition(definition(local, ...ops))]).length, 20_001);
});

test("damaged bytes never give another error than ours", async (t) => {
  const { bytes } = writeDefinition((await wireGraph("mounts")).root, { platform: "linux/amd64" });
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(bytes.length),
      (edits, end) => {
        const damaged = Uint8Array.from(bytes).subarray(0, end);
        for (const [at, value] of edits) if (at < end) damaged[at] = value;
        try {
          readDefinition(damaged);
        } catch (error) {
          if (!(error instanceof TsbuildError)) throw error;
          refused++;
        }
      },
    ),
    { numRuns: 500 },
  );
  t.true(refused > 0);
});

test("what a client of BuildKit writes is read: steps, include patterns, mounts, empty lower parts", (t) => {
  const named = new Map<string, ValueOf<typeof METADATA>>();
  const base = encode(
    OP,
    source("docker-image://docker.io/library/alpine:3", { "image.resolvemode": "default", "image.recordtype": "internal" }),
  );
  const directory = encode(
    OP,
    source("local://src", { "local.session": "s", "local.includepattern": '["a","b/*"]', "local.excludepatterns": '["b/x"]' }),
  );
  const diff = encode(OP, { inputs: [{ digest: sha256(directory) }], diff: { lower: { input: -1 }, upper: { input: 0 } } });
  const run = encode(OP, {
    inputs: [{ digest: sha256(base) }, { digest: sha256(diff) }],
    platform: { OS: "linux", Architecture: "amd64" },
    constraints: {},
    ...exec(
      {
        mounts: [
          ROOT,
          { input: 1, dest: "/src", output: 1, selector: "/b" },
          { input: -1, dest: "/c", output: -1, mountType: 3, cacheOpt: { ID: "c", sharing: 2 } },
          { input: -1, dest: "/s", mountType: 2, SSHOpt: { mode: 0o600 } },
        ],
        security: 1,
      },
      { args: ["make"], env: ["A=1", "A=2"] },
    ),
  });
  named.set(sha256(run), { description: new Map([["llb.customname", "make it"]]), ignore_cache: true, export_cache: { Value: false } });
  const def = [base, directory, diff, run];
  const root = readDefinition(encode(DEFINITION, { def: [...def, encode(OP, inputOf(def))], metadata: named }));
  t.is(
    printGraph([root]),
    [
      '1: source "FROM docker.io/library/alpine:3"',
      "   docker-image://docker.io/library/alpine:3",
      '2: source "[context src] load from client"',
      "   local://src",
      '   local.excludepatterns=["**","!a","!b/*","b/x"]',
      '3: merge "[3/4] diff" (2)',
      '4: exec "[4/4] make it" (1) (3) linux/amd64 no-cache',
      '   args ["make"]',
      '   env ["A=2","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]',
      "   cwd /, user -, network default, security insecure",
      "   mount bind / from 0",
      "   mount bind /src from 1:/b",
      "   mount cache /c from empty id c locked 0:0 0755",
      "   mount ssh /s ro id default required 0:0 0600",
      "result: (4)",
      "",
    ].join("\n"),
  );
});
