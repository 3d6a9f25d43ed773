import test from "ava";
import { type BuilderList, parseBuilders } from "../../../solver/buildkit/address/parse-address.js";

const ENV = { DOCKER_HOST: "unix:///run/engine.sock" };

/** Addresses of one list, without the texts that messages name them by. */
const read = (
  text: string,
  env: Readonly<Record<string, string>> = ENV,
): readonly [platform: string | undefined, ...addresses: unknown[]] => {
  const { platform, builders }: BuilderList = parseBuilders(text, env);
  return [platform, ...builders.map(({ address }) => address)];
};

const socket = (path: string) => ({ kind: "socket", path });
const command = (...words: string[]) => ({ kind: "command", command: words });
const DIAL = ["buildctl", "dial-stdio"];

/** A value of --builder, the platform, and the ways that it means. */
const READ: readonly (readonly [text: string, platform: string | undefined, ...ways: unknown[]])[] = [
  ["unix:///run/b.sock", undefined, socket("/run/b.sock")],
  ["linux/arm64=unix:///a", "linux/arm64", socket("/a")],
  ["linux/arm/v7=unix:///a,unix:///b", "linux/arm/v7", socket("/a"), socket("/b")],
  ["tcp://127.0.0.1:5", undefined, { kind: "tcp", host: "127.0.0.1", port: 5, tls: undefined }],
  ["tcp://localhost", undefined, { kind: "tcp", host: "localhost", port: 1234, tls: undefined }],
  ["tcp://[::1]:80", undefined, { kind: "tcp", host: "::1", port: 80, tls: undefined }],
  ["tcp://far:5,plaintext=true", undefined, { kind: "tcp", host: "far", port: 5, tls: undefined }],
  [
    "tcp://far,ca=c,cert=d,key=e,servername=n",
    undefined,
    { kind: "tcp", host: "far", port: 1234, tls: { ca: "c", cert: "d", key: "e", servername: "n" } },
  ],
  ['"tcp://far,1",ca=c'.replace(",1", ""), undefined, { kind: "tcp", host: "far", port: 1234, tls: { ca: "c" } }],
  [
    "tcp://far:1,ca=c,tcp://near.test:2,plaintext=true",
    undefined,
    { kind: "tcp", host: "far", port: 1, tls: { ca: "c" } },
    { kind: "tcp", host: "near.test", port: 2, tls: undefined },
  ],
  ["docker://", undefined, { kind: "engine", engine: socket("/run/engine.sock") }],
  ["docker:///other.sock", undefined, { kind: "engine", engine: socket("/other.sock") }],
  ["docker://localhost:2375", undefined, { kind: "engine", engine: { kind: "tcp", host: "localhost", port: 2375, tls: undefined } }],
  ["docker-container://b0", undefined, command("docker", "exec", "-i", "b0", ...DIAL)],
  ["docker-container://b0?context=c", undefined, command("docker", "--context=c", "exec", "-i", "b0", ...DIAL)],
  ["podman-container://b.0", undefined, command("podman", "exec", "-i", "b.0", ...DIAL)],
  ["kube-pod://p", undefined, command("kubectl", "exec", "-i", "p", "--", ...DIAL)],
  [
    "kube-pod://p?context=c&namespace=n&container=k",
    undefined,
    command("kubectl", "--context=c", "--namespace=n", "exec", "--container=k", "-i", "p", "--", ...DIAL),
  ],
  ["ssh://h", undefined, command("ssh", "--", "h", ...DIAL)],
  [
    "ssh://me@h:22/run/b.sock",
    undefined,
    command("ssh", "-l", "me", "-p", "22", "--", "h", "buildctl", "--addr", "unix:///run/b.sock", "dial-stdio"),
  ],
];

for (const [text, ...expected] of READ) {
  test(`read: ${text}`, (t) => t.deepEqual(read(text), expected as never));
}

test("docker:// follows the environment of docker", (t) => {
  const engine = (env: Readonly<Record<string, string>>) => read("docker://", env)[1];
  t.deepEqual(engine({}), { kind: "engine", engine: socket("/var/run/docker.sock") });
  t.deepEqual(engine({ DOCKER_HOST: "ssh://me@h" }), {
    kind: "engine",
    engine: command("ssh", "-l", "me", "--", "h", "docker", "system", "dial-stdio"),
  });
  t.deepEqual(engine({ DOCKER_HOST: "tcp://h:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/c" }), {
    kind: "engine",
    engine: { kind: "tcp", host: "h", port: 2376, tls: { ca: "/c/ca.pem", cert: "/c/cert.pem", key: "/c/key.pem" } },
  });
});

/** A value that is refused, and a part of the reason. */
const REFUSED: readonly (readonly [text: string, why: string])[] = [
  ["", "begins with no scheme"],
  ["/run/b.sock", "begins with no scheme"],
  ["npipe://x", 'there is no scheme "npipe"'],
  ["unix://relative", "the path of a socket is absolute"],
  ["unix:///a,ca=b", "unix:// has no attributes"],
  ["tcp://far:5", "anyone on the way could read and change it"],
  ["tcp://127.0.0.1.evil.test:5", "anyone on the way"],
  ["tcp://far:5,plaintext=yes", 'plaintext is "yes"'],
  ["tcp://far:5,ca=c,plaintext=true", "plaintext=true stands beside certificates"],
  ["tcp://far:5,cert=c", "cert and key belong together"],
  ["tcp://far:5,insecure=true", '"insecure" is none of'],
  ["tcp://far:5,ca=a,ca=b", '"ca" stands there twice'],
  ["tcp://", "expected a host"],
  ["tcp://u@far:5", "expected HOST:PORT"],
  ["docker-container://", '"" is no name'],
  ["docker-container://-v", '"-v" is no name'],
  ["docker-container://a b", '"a b" is no name'],
  ["docker-container://a?rm=1", '"rm" is none of context'],
  ["kube-pod://--x", '"--x" is no name'],
  ["ssh://u:secret@h", "a password does not belong into an address"],
  ["ssh://h?x=1", "expected ssh://USER@HOST:PORT/SOCKET"],
];

for (const [text, why] of REFUSED) {
  test(`refused: ${text}`, (t) => {
    const error = t.throws(() => parseBuilders(text, ENV), { code: "builder/address" });
    t.true(error?.message.includes(why), error?.message);
    t.false(error?.message.includes("secret") ?? false);
  });
}
