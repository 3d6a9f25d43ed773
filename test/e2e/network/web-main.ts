import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import type { Built } from "./report.js";
import { FILE, ROWS, WEB } from "./web.js";

/**
 * A machine with one host of the web, which has an address of this machine. Started in a new
 * network and mount namespace, as root of it. Arguments: a directory with certificates, the
 * command, a context with a root. Prints a report as JSON.
 */
const [directory, cli, context] = process.argv.slice(2) as [string, string, string];

/** Builds with the proxy, by what is special about them. */
export interface WebReport {
  /** A step for each row, and the provenance of the build. */
  readonly rows: Built & { readonly provenance: Provenance };
  /** The same once more: its steps are cached. */
  readonly cached: Built & { readonly provenance: Provenance };
  /** A step that is cached from a build without a proxy. */
  readonly unrecorded: Built & { readonly provenance: Provenance };
  /** Steps with the host's network, which is allowed, and with none. */
  readonly networks: Built;
  /** Words of the proxy's authority in the layers and in the store, after everything. */
  readonly traces: readonly string[];
}

interface Provenance {
  readonly dependencies: readonly { readonly uri: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly network?: { readonly mode: string; readonly proxy?: { readonly incomplete: readonly Readonly<Record<string, string>>[] } };
  readonly complete: boolean;
}

let arrived = 0;

async function startServers(): Promise<void> {
  const answer: RequestListener = (request, response) => {
    request.resume();
    if (request.url === "/redirect") response.writeHead(302, { location: "/file" }).end();
    else response.end(FILE);
  };
  const certified = (name: string) => ({
    key: readFileSync(join(directory, `${name}.key`)),
    cert: readFileSync(join(directory, `${name}.crt`)),
  });
  await Promise.all([
    once(createSecureServer(certified("web"), answer).listen(443, WEB), "listening"),
    once(createSecureServer(certified("nobody"), answer).listen(8443, WEB), "listening"),
    once(createServer(answer).listen(80, WEB), "listening"),
    once(
      createServer(answer)
        .on("connection", () => (arrived += 1))
        .listen(80, "127.0.0.1"),
      "listening",
    ),
  ]);
}

const BASE = `FROM scratch AS base
COPY root /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /etc/ssl/certs && echo "# theirs" >/etc/ssl/certs/ca-certificates.crt
ENV PATH=/bin
`;

async function build(dockerfile: string, args: readonly string[]): Promise<Built & { readonly provenance: Provenance }> {
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  const metadata = join(directory, "metadata.json");
  const options = ["--progress=plain", "--provenance=mode=max,version=v1", "--metadata-file", metadata, "--ca", join(directory, "web.crt")];
  const env = {
    PATH: process.env["PATH"],
    HOME: directory,
    TMPDIR: directory,
    TSBUILD_ROOT: join(directory, "store"),
    HUSH: "very-secret",
    BUILDX_METADATA_PROVENANCE: "max",
  };
  const secret = ["--secret", "id=hush,env=HUSH", "--build-arg", "NO_PROXY=web.example"];
  const child = spawn(
    process.execPath,
    [cli, "build", ...options, ...secret, "-o", `type=local,dest=${join(directory, "made")}`, ...args, context],
    {
      env,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let text = "";
  const before = arrived;
  child.stderr.setEncoding("utf8").on("data", (data: string) => (text += data));
  const [code] = (await once(child, "close")) as [number | null];
  return {
    code,
    text,
    arrived: arrived - before,
    provenance: code === 0 ? readProvenance(metadata) : { dependencies: [], complete: false },
  };
}

interface Predicate {
  readonly buildDefinition: { readonly resolvedDependencies: Provenance["dependencies"] };
  readonly runDetails: {
    readonly metadata: {
      readonly buildkit_metadata: Pick<Provenance, "network">;
      readonly buildkit_completeness: { readonly resolvedDependencies: boolean };
    };
  };
}

function readProvenance(path: string): Provenance {
  const metadata = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, Predicate>>;
  const { buildDefinition, runDetails } = metadata["buildx.build.provenance"] as Predicate;
  return {
    dependencies: buildDefinition.resolvedDependencies,
    ...runDetails.metadata.buildkit_metadata,
    complete: runDetails.metadata.buildkit_completeness.resolvedDependencies,
  };
}

/** Returns the files below a directory that have the name of the proxy's authority. */
function tracesIn(place: string): readonly string[] {
  // The certificate is base64, which has three forms of a name.
  const name = "tsbuild: the proxy of one build";
  const forms = [0, 1, 2].map((shift) =>
    Buffer.from("x".repeat(shift) + name)
      .toString("base64")
      .slice(4, 36),
  );
  try {
    const patterns = [name, ...forms].flatMap((form) => ["-e", form]);
    return execFileSync("grep", ["-rlaF", ...patterns, place], { encoding: "utf8" })
      .trim()
      .split("\n");
  } catch {
    return [];
  }
}

execFileSync("ip", ["link", "set", "lo", "up"]);
execFileSync("ip", ["addr", "add", `${WEB}/32`, "dev", "lo"]);
writeFileSync(join(directory, "hosts"), `127.0.0.1 localhost loop.example\n${WEB} web.example\n`);
execFileSync("mount", ["--bind", join(directory, "hosts"), "/etc/hosts"]);
mkdirSync(join(directory, "made"));
await startServers();

const from = (command: string): string => `RUN --mount=type=secret,id=hush,env=HUSH ${command}\n`;
const stages = ROWS.map(
  ({ command }, index) => `FROM base AS row${index}\nENV HTTP_PROXY=http://192.0.2.9\n${from(`{ ${command}; } >/out`)}`,
);
const copies = ROWS.map((_, index) => `COPY --from=row${index} /out /${index}/\nCOPY --from=row${index} /etc /${index}/etc\n`);
const rows = `${BASE}${stages.join("")}FROM scratch\n${copies.join("")}`;
const proxied = ["--proxy-network"];
const plain = `${BASE}RUN echo x >/plain\n`;
const networks = `${BASE}${["host", "none"]
  .map(
    (network) =>
      `RUN --network=${network} curl -s --noproxy '' http://127.0.0.1/file >/${network}; env | grep -c 29128 >>/${network}; true\n`,
  )
  .join("")}`;
const first = await build(rows, proxied);
const made = tracesIn(join(directory, "made"));
const outputs = ROWS.map((_, index) => readFileSync(join(directory, "made", String(index), "out"), "utf8"));
const cached = await build(rows, proxied);
await build(plain, []);
const unrecorded = await build(plain, proxied);
const report: WebReport & { readonly outputs: readonly string[]; readonly host: string; readonly none: string } = {
  rows: first,
  cached,
  unrecorded,
  networks: await build(networks, [...proxied, "--allow", "network.host"]),
  traces: [...made, ...tracesIn(join(directory, "store")).filter((path) => !/[/](?:logs|cache)[/]/.test(path))],
  outputs,
  host: readFileSync(join(directory, "made/host"), "utf8"),
  none: readFileSync(join(directory, "made/none"), "utf8"),
};
process.stdout.write(JSON.stringify(report), () => process.exit(0));
