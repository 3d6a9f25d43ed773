import { parseCsv } from "../../../core/go-values/csv.js";
import { badAddress } from "../errors.js";

/** Way to a BuildKit. */
export type Address =
  | { readonly kind: "socket"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls: TlsFiles | undefined }
  /** A program whose standard streams are the connection. */
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] }
  /** A Docker Engine, which has a BuildKit behind its own API. */
  | { readonly kind: "engine"; readonly engine: Address };

/** Files of mutual TLS, as paths. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** One builder: its address, and the text that messages name it by. */
export interface BuilderAddress {
  readonly text: string;
  readonly address: Address;
}

/** Builders for a platform, in the order in which they are tried. */
export interface BuilderList {
  /** Platform as written; undefined for every platform that has no list of its own. */
  readonly platform: string | undefined;
  readonly builders: readonly BuilderAddress[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `[PLATFORM=]ADDRESS[,NAME=VALUE…][,ADDRESS…]`. A part with `://` begins an address; the
 * others are attributes of the address before them. Throws `builder/address`.
 */
export function parseBuilders(text: string, env: Environment): BuilderList {
  const [, platform, rest = text] = /^([a-z0-9]+(?:\/[a-z0-9._]+){1,2})=(.*)$/s.exec(text) ?? [];
  const groups: { readonly address: string; readonly attributes: Map<string, string> }[] = [];
  const line = parseCsv(rest);
  if (!("fields" in line)) throw badAddress(text, line.problem);
  for (const part of line.fields) {
    const last = groups.at(-1);
    if (part.includes("://")) groups.push({ address: part, attributes: new Map() });
    else if (!last) throw badAddress(text, "it begins with no scheme such as unix://");
    else addAttribute(text, last.attributes, part);
  }
  if (groups.length === 0) throw badAddress(text, "it is empty");
  return {
    platform,
    builders: groups.map(({ address, attributes }) => ({ text: address, address: parseAddress(address, attributes, env) })),
  };
}

function addAttribute(text: string, attributes: Map<string, string>, part: string): void {
  const equals = part.indexOf("=");
  const name = equals === -1 ? part : part.slice(0, equals);
  if (!ATTRIBUTES.includes(name)) throw badAddress(text, `"${name}" is none of ${ATTRIBUTES.join(", ")}`);
  if (attributes.has(name)) throw badAddress(text, `"${name}" stands there twice`);
  attributes.set(name, equals === -1 ? "true" : part.slice(equals + 1));
}

const ATTRIBUTES: readonly string[] = ["ca", "cert", "key", "servername", "plaintext"];

function parseAddress(text: string, attributes: ReadonlyMap<string, string>, env: Environment): Address {
  const scheme = text.slice(0, text.indexOf("://"));
  const rest = text.slice(scheme.length + 3);
  if (attributes.size > 0 && scheme !== "tcp" && scheme !== "docker") throw badAddress(text, `${scheme}:// has no attributes`);
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) throw badAddress(text, "the path of a socket is absolute");
      return { kind: "socket", path: rest };
    case "tcp":
      return tcp(text, rest, attributes);
    case "docker":
      return { kind: "engine", engine: engineAddress(text, rest, attributes, env) };
    case "docker-container":
      return { kind: "command", command: ["docker", ...inContainer(text, ["context"])] };
    case "podman-container":
      return { kind: "command", command: ["podman", ...inContainer(text, ["connection"])] };
    case "kube-pod":
      return { kind: "command", command: inPod(text) };
    case "ssh":
      return { kind: "command", command: overSsh(text) };
    default:
      throw badAddress(text, `there is no scheme "${scheme}"`);
  }
}

/** Reads a host. Refuses a plain connection to another machine that nobody consented to. */
function tcp(text: string, rest: string, attributes: ReadonlyMap<string, string>): Address {
  const { host, port } = hostAndPort(text, rest, 1234);
  const plaintext = attributes.get("plaintext") ?? "false";
  if (plaintext !== "true" && plaintext !== "false") throw badAddress(text, `plaintext is "${plaintext}" and neither true nor false`);
  const files = Object.fromEntries([...attributes].filter(([name]) => name !== "plaintext")) as TlsFiles;
  const secure = Object.keys(files).length > 0;
  if (secure && plaintext === "true") throw badAddress(text, "plaintext=true stands beside certificates");
  if ((files.cert === undefined) !== (files.key === undefined)) throw badAddress(text, "cert and key belong together");
  if (!secure && plaintext !== "true" && !isLoopback(host))
    throw badAddress(text, "anyone on the way could read and change it: give ca=, cert= and key=, or say plaintext=true");
  return { kind: "tcp", host, port, tls: secure ? files : undefined };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function hostAndPort(text: string, rest: string, fallback: number): { readonly host: string; readonly port: number } {
  const url = urlOf(text, `http://${rest}`);
  if (url.pathname !== "/" || url.search !== "" || url.username !== "") throw badAddress(text, "expected HOST:PORT");
  // URL drops the port of its own scheme.
  const port = url.port === "" ? (/:80\/?$/.test(rest) ? 80 : fallback) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

function urlOf(text: string, url: string): URL {
  if (!URL.canParse(url)) throw badAddress(text, "expected a host behind the scheme");
  return new URL(url);
}

/** Reads the engine of `docker://`: a socket, a host, or that of the environment. */
function engineAddress(text: string, rest: string, attributes: ReadonlyMap<string, string>, env: Environment): Address {
  if (rest.startsWith("/")) return { kind: "socket", path: rest };
  if (rest !== "") return tcp(text, rest, attributes);
  const host = env["DOCKER_HOST"] || "unix:///var/run/docker.sock";
  if (host.startsWith("ssh://")) return { kind: "command", command: ["ssh", ...sshPlace(host), "docker", "system", "dial-stdio"] };
  if (host.startsWith("tcp://")) return tcp(`docker://${host.slice(6)}`, host.slice(6), withDockerCertificates(attributes, env));
  if (!host.startsWith("unix://")) throw badAddress(host, "docker:// knows engines at unix://, tcp:// and ssh://");
  return { kind: "socket", path: host.slice("unix://".length) };
}

/** Adds the certificates of DOCKER_TLS_VERIFY, as docker names them. */
function withDockerCertificates(attributes: ReadonlyMap<string, string>, env: Environment): ReadonlyMap<string, string> {
  if (!env["DOCKER_TLS_VERIFY"] || attributes.size > 0) return attributes;
  const directory = env["DOCKER_CERT_PATH"] || `${env["HOME"] ?? ""}/.docker`;
  return new Map(["ca", "cert", "key"].map((name) => [name, `${directory}/${name}.pem`]));
}

const DIAL: readonly string[] = ["buildctl", "dial-stdio"];

/** Returns the words that run BuildKit's client in a container. */
function inContainer(text: string, options: readonly string[]): readonly string[] {
  const { name, query } = place(text, options);
  return [...query.map(([option, value]) => `--${option}=${value}`), "exec", "-i", name, ...DIAL];
}

function inPod(text: string): readonly [string, ...string[]] {
  const { name, query } = place(text, ["context", "namespace", "container"]);
  const flags = (names: readonly string[]) => query.flatMap(([option, value]) => (names.includes(option) ? [`--${option}=${value}`] : []));
  return ["kubectl", ...flags(["context", "namespace"]), "exec", ...flags(["container"]), "-i", name, "--", ...DIAL];
}

/** Reads `SCHEME://NAME?OPTION=VALUE`. Names that a program could take for a flag are refused. */
function place(
  text: string,
  options: readonly string[],
): { readonly name: string; readonly query: readonly (readonly [string, string])[] } {
  const [, name = "", search = ""] = /^[a-z-]+:\/\/([^/?]*)\/?(?:\?(.*))?$/s.exec(text) ?? [];
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) throw badAddress(text, `"${name}" is no name`);
  const query = [...new URLSearchParams(search)];
  for (const [option] of query) if (!options.includes(option)) throw badAddress(text, `"${option}" is none of ${options.join(", ")}`);
  return { name, query };
}

function overSsh(text: string): readonly [string, ...string[]] {
  const { pathname } = urlOf(text, text.replace(/^ssh:/, "http:"));
  const socket = pathname === "/" ? [] : ["--addr", `unix://${pathname}`];
  return ["ssh", ...sshPlace(text), "buildctl", ...socket, "dial-stdio"];
}

function sshPlace(text: string): readonly string[] {
  const { username, password, hostname, port, search } = urlOf(text, text.replace(/^ssh:/, "http:"));
  if (password !== "") throw badAddress(text.replace(`:${password}@`, ":***@"), "a password does not belong into an address");
  if (search !== "" || hostname.startsWith("-")) throw badAddress(text, "expected ssh://USER@HOST:PORT/SOCKET");
  return [...(username === "" ? [] : ["-l", decodeURIComponent(username)]), ...(port === "" ? [] : ["-p", port]), "--", hostname];
}
