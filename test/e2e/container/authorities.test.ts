import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { runInContainer } from "../../support/container/container.js";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { removeTree } from "../../support/remove-tree.js";
import { requires, withoutContainer } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// The bundles of an image while a step runs that trusts the authorities of --ca, in every tier.

const certificate = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(name).toString("base64")}\n-----END CERTIFICATE-----\n`;

/** Two distributions in one image: Debian's bundle, and Fedora's, to which links lead. */
const BASE = `FROM scratch
COPY --chmod=755 busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY --chown=3:4 --chmod=640 theirs.pem /etc/ssl/certs/ca-certificates.crt
COPY theirs.pem /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
RUN mkdir -p /etc/pki/tls/certs /seen && ln -s ../../ca-trust/extracted/pem/tls-ca-bundle.pem /etc/pki/tls/certs/ca-bundle.crt
`;

const STEPS: readonly (readonly [what: string, step: string, files: Readonly<Record<string, string>>])[] = [
  [
    "every bundle has them, and looks as before",
    `for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt "$SSL_CERT_FILE"; do grep -c BEGIN "$file"; done >/seen/counts; stat -c '%u:%g %a' /etc/ssl/certs/ca-certificates.crt >/seen/look; echo "$APT_CONFIG" >/seen/apt`,
    { "seen/counts": "2\n2\n2\n", "seen/look": "3:4 640\n", "seen/apt": "\n" },
  ],
  [
    "a changed bundle is kept without them, and copies beside it",
    "echo more >>/etc/ssl/certs/ca-certificates.crt && cp -p /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/copy && chmod 400 /etc/ssl/certs/copy",
    { "etc/ssl/certs/ca-certificates.crt": `${certificate("theirs")}more\n`, "etc/ssl/certs/copy": `${certificate("theirs")}more\n` },
  ],
  [
    "a bundle may be replaced, as update-ca-certificates does it",
    "echo new >/etc/ssl/certs/new && mv /etc/ssl/certs/new /etc/ssl/certs/ca-certificates.crt",
    { "etc/ssl/certs/ca-certificates.crt": "new\n" },
  ],
  ["it may be removed", "rm -r /etc/ssl/certs", {}],
  [
    "a link out of the root in its place changes nothing outside",
    "rm -r /etc/pki/ca-trust && mkdir -p /etc/pki/ca-trust/extracted && ln -s @OUTSIDE@ /etc/pki/ca-trust/extracted/pem && rm -rf /etc/ssl && ln -s @OUTSIDE@ /etc/ssl && ln -s @OUTSIDE@/file /etc/pki/tls/certs/link",
    {},
  ],
];

const PLACES: readonly (readonly [name: string, kind: ContainerKind, store: "volume" | "root"])[] = [
  ["namespaces", { capabilities: "all", seccomp: "unconfined", masked: false }, "volume"],
  ["namespaces, copies", containers.privileged, "root"],
  ["chroot", containers.default, "volume"],
  ["supervised", containers.randomUser, "volume"],
];

interface Place {
  readonly kind: ContainerKind;
  readonly store: "volume" | "root";
}

/**
 * Builds a Dockerfile with --ca, and returns the root of the image. Its text may name a directory
 * outside.
 */
async function build(t: ExecutionContext, { kind, store }: Place, dockerfile: string): Promise<string> {
  const volume = mkdtempSync(join(tmpdir(), "tsbuild-authorities-"));
  t.teardown(() => removeTree(volume));
  const at = (...names: readonly string[]) => join(volume, ...names);
  chmodSync(volume, 0o755);
  for (const name of ["context", "outside", "out"]) mkdirSync(at(name));
  copyFileSync(BUSYBOX as string, at("context/busybox"));
  writeFileSync(at("context/Dockerfile"), dockerfile.replaceAll("@OUTSIDE@", at("outside")));
  writeFileSync(at("context/theirs.pem"), certificate("theirs"));
  writeFileSync(at("ours.pem"), certificate("ours"));
  writeFileSync(at("outside/file"), `# tsbuild: authorities for this build alone\n${certificate("ours")}`);
  for (const name of ["outside", "out", "outside/file"]) chownSync(at(name), kind.uid ?? 0, kind.gid ?? 0);
  const root = store === "volume" ? at("out/store") : "/var/tmp/store";
  const args = ["build", "--root", root, "--ca", at("ours.pem"), `-o=type=local,dest=${at("out/made")}`, at("context")];
  const { code, stderr } = await runInContainer(kind, [process.execPath, CLI, ...args], { volumes: [volume] });
  t.is(code, 0, stderr);
  t.regex(readFileSync(at("outside/file"), "utf8"), /for this build alone/);
  return at("out/made");
}

const inContainer = requires(withoutContainer, BUSYBOX === undefined ? "busybox is not installed" : undefined);

for (const [name, kind, store] of PLACES) {
  inContainer(`${name}: steps trust the authorities of --ca, and no layer shows them`, async (t) => {
    const stages = STEPS.map(([, step], index) => `FROM base AS step${index}\nRUN ${step}\n`).join("");
    const copies = STEPS.map(
      (_, index) => `COPY --from=step${index} /etc /${index}/etc\nCOPY --from=step${index} /seen /${index}/seen\n`,
    ).join("");
    const dockerfile = `${BASE.replace("FROM scratch", "FROM scratch AS base")}${stages}FROM scratch\n${copies}`;
    const made = await build(t, { kind, store }, dockerfile);
    for (const [index, [what, , files]] of STEPS.entries())
      for (const [path, text] of Object.entries(files)) t.is(readFileSync(join(made, String(index), path), "utf8"), text, what);
    t.is(readFileSync(join(made, "0/etc/ssl/certs/ca-certificates.crt"), "utf8"), certificate("theirs"));
  });
}

inContainer("in an image without certificates the step's own bundle has the public ones, and apt is told of it", async (t) => {
  const [, kind, store] = PLACES[2] as (typeof PLACES)[number];
  const step = 'RUN grep -c BEGIN "$SSL_CERT_FILE" >/count; cat "$APT_CONFIG" >/apt\n';
  const made = await build(t, { kind, store }, `${BASE.split("COPY --chown")[0]}${step}`);
  t.true(Number(readFileSync(join(made, "count"), "utf8")) > 100);
  t.is(readFileSync(join(made, "apt"), "utf8"), 'Acquire::https::CAInfo "/run/tsbuild/ca-certificates.pem";\n');
});
