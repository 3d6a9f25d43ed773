import { withResource } from "../../core/tasks/with-resource.js";
import type { WebRequest, WebRequests } from "../../core/web-request.js";
import type { SandboxSpec } from "../../executor-native/contract.js";
import type { OpContext } from "../engine/op.js";
import type { StepNetwork } from "../ports.js";
import { OutputMask } from "../secrets/output-mask.js";

/** Variables by which programs find a proxy, and those by which they find what needs none. */
const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] as const;
const EXCEPTIONS = ["NO_PROXY", "no_proxy"] as const;
const LOOPBACK = "127.0.0.1,localhost,::1";

/** Parts of a sandbox that a proxy changes. */
type Given = (env: readonly string[]) => Required<Pick<SandboxSpec, "network" | "proxy" | "env">>;

/**
 * Runs a step whose only way out is a proxy, and reports its requests. `secrets` are values that no
 * address may show.
 */
export async function runWithProxy<T>(
  open: NonNullable<StepNetwork["openProxy"]>,
  run: (given: Given) => Promise<T>,
  secrets: readonly Uint8Array[],
  opContext: OpContext,
): Promise<T> {
  return await withResource(await open(), async (proxy) => {
    try {
      return await run((env) => ({ network: "proxy", proxy: proxy.place, env: [...without(env), ...variables(proxy.place.port)] }));
    } finally {
      const requests = masked(proxy.requests, secrets);
      opContext.requested?.(requests);
      if (requests.list.length > 0) opContext.output("stderr", Buffer.from(requestLines(requests)));
    }
  });
}

function variables(port: number): readonly string[] {
  const address = `http://127.0.0.1:${port}`;
  return [...VARIABLES.map((name) => `${name}=${address}`), ...EXCEPTIONS.map((name) => `${name}=${LOOPBACK}`)];
}

/** Returns the variables of a step without those of other proxies, which it cannot reach. */
function without(env: readonly string[]): readonly string[] {
  const names = new Set<string>([...VARIABLES, ...EXCEPTIONS]);
  return env.filter((variable) => !names.has(variable.slice(0, variable.indexOf("="))));
}

/** Returns requests without secret values, also as an address has them. */
function masked(requests: WebRequests, secrets: readonly Uint8Array[]): WebRequests {
  const encoded = secrets.map((value) => Buffer.from(encodeURIComponent(Buffer.from(value).toString("latin1").trim())));
  const mask = new OutputMask([...secrets, ...encoded]);
  if (mask.empty) return requests;
  const cover = (text: string): string => Buffer.concat([mask.cover(Buffer.from(text)), mask.end()]).toString();
  const coverAll = ({ url, location, ...others }: WebRequest): WebRequest => ({
    ...others,
    url: cover(url),
    ...(location !== undefined && { location: cover(location) }),
  });
  return { ...requests, list: requests.list.map(coverAll) };
}

/** Returns the lines of a step's output about its requests. */
function requestLines({ list, more }: WebRequests): string {
  const lines = list.map(({ method, url, status, bytes, refused }) => {
    const answer = refused === undefined ? `${status ?? "no answer"}, ${bytes} bytes` : `${status}, refused: ${refused}`;
    return `- ${method} ${url} -> ${answer}\n`;
  });
  return `tsbuild: requests through the proxy of this step:\n${lines.join("")}${more > 0 ? `- and ${more} more\n` : ""}`;
}
