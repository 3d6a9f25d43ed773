import { throwIfAborted } from "../core/errors.js";
import { discard, type HttpAnswer } from "./body.js";
import type { Connections } from "./connections.js";
import { type HttpLimits, type OnWait, StalledError, type Timer } from "./limits.js";
import { Notice } from "./notice.js";
import { sendRequest } from "./send.js";
import type { HttpResponse } from "./response.js";
import { openUpload, type UploadBody } from "./upload.js";

/** One HTTP exchange. `what` completes "Cannot …" in errors. */
export interface HttpRequest {
  readonly what: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  readonly body?: UploadBody;
  /** True when the body is a secret: it does not follow a redirect to another origin. */
  readonly confidential?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: OnWait | undefined;
  /** False accepts any certificate. Default true. */
  readonly verify?: boolean;
}

/** A request that is sent, with the signal that ends it. */
interface Sent extends HttpRequest {
  readonly signal: AbortSignal;
}

const MAX_REDIRECTS = 10;
const USER_AGENT = "tsbuild";

/**
 * Sends a request and follows redirects. `Authorization` never goes to another origin (signed
 * storage URLs refuse it). Resolves with any status. Throws the errors of the connections' {@link
 * HttpFailures}, or CanceledError, when there is no answer. The caller reads the body to its end or
 * passes it to {@link discard}.
 */
export async function exchange(request: HttpRequest, connections: Connections): Promise<HttpAnswer> {
  const { signal = connections.closing, onWait = connections.onWait } = request;
  const notice = new Notice(connections.limits, onWait);
  try {
    return await follow({ ...request, signal, onWait }, notice, connections);
  } finally {
    notice.end();
  }
}

async function follow(request: Sent, notice: Notice, connections: Connections): Promise<HttpAnswer> {
  const { signal, onWait } = request;
  const { failures, limits } = connections;
  let { url, authorization } = request;
  for (let redirects = 0; ; redirects++) {
    const response = await send({ ...request, url, authorization }, notice, connections);
    const answer = { response, url, failures, signal, limits, onWait };
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return answer;
    const keepsMethod = request.method === "GET" || request.method === "HEAD" || response.status === 307 || response.status === 308;
    // The notice of the exchange speaks for its body as well.
    await discard({ ...answer, onWait: undefined });
    if (redirects >= MAX_REDIRECTS) throw failures.protocol(request.what, { method: request.method, url }, "redirects without end");
    if (!keepsMethod)
      throw failures.protocol(request.what, { method: request.method, url }, `redirects a ${request.method} (${response.status})`);
    const next = resolveLocation(location, url);
    if (next === undefined) throw failures.protocol(request.what, { method: request.method, url }, "redirects to an address that is none");
    if (next.origin !== url.origin) {
      if (request.confidential)
        throw failures.protocol(request.what, { method: request.method, url }, `sends what is secret on to ${next.host}`);
      authorization = undefined;
    }
    url = next;
  }
}

/**
 * Reads a `Location` header as an address; relative ones are resolved against `base`. Returns
 * undefined unless it is HTTP without user and password.
 */
export function resolveLocation(location: string, base: URL): URL | undefined {
  try {
    const url = new URL(location, base);
    const usable = (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.password === "";
    return usable ? url : undefined;
  } catch {
    return undefined;
  }
}

async function send(request: Sent, notice: Notice, connections: Connections): Promise<HttpResponse> {
  const { signal, url } = request;
  throwIfAborted(signal);
  const agent = await connections.agent(url, request.verify ?? true);
  const headers: Record<string, string> = { "user-agent": USER_AGENT, ...request.headers };
  if (request.authorization !== undefined) headers["authorization"] = request.authorization;
  const watch = new Watch(connections.limits, () => notice.begin(url));
  const upload = request.body === undefined ? undefined : openUpload(request.body, watch);
  // Without a length, chunks would be sent, which some registries refuse.
  if (upload !== undefined) headers["content-length"] = String(upload.size);
  const stop = (): void => watch.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (upload?.streams !== true) watch.forAnswer(upload?.size ?? 0);
  try {
    // The reader of the answer's body watches the signal from here on, see readBody.
    return await sendRequest(url, { method: request.method, headers, agent, signal: watch.signal, body: upload?.body });
  } catch (error) {
    // A fault of the upload's source (a blob that vanished) is not the network's.
    const fault = upload?.fault();
    await upload?.close();
    throwIfAborted(signal);
    if (fault !== undefined) throw fault;
    throw connections.failures.network(request.what, request, watch.stalled ?? error);
  } finally {
    watch.end();
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Ends a request whose server does not take the body, or does not begin to answer, in time.
 */
class Watch {
  readonly limits: HttpLimits;
  readonly #onSent: () => void;
  readonly #controller = new AbortController();
  #timer: Timer | undefined;
  #ended = false;
  /** Error that names the limit which the server exceeded. */
  stalled: StalledError | undefined;

  /** `onSent` is called when the answer is the server's turn. */
  constructor(limits: HttpLimits, onSent: () => void) {
    this.limits = limits;
    this.#onSent = onSent;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  stop(): void {
    this.#controller.abort();
  }

  /** Starts the limit for the next bytes of the body. */
  forBody(): void {
    this.#start(this.limits.idle, "took nothing");
  }

  /** Stops the limit while the body waits for its own source, which is not the server's fault. */
  pause(): void {
    this.#timer?.cancel();
  }

  /** Starts the limit for the answer after the last of `size` bytes was sent. */
  forAnswer(size: number): void {
    const { answer, digestRate } = this.limits;
    this.#start(answer + Math.ceil((size / digestRate) * 1000), "did not answer");
    if (!this.#ended) this.#onSent();
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  #start(limit: number, what: string): void {
    this.#timer?.cancel();
    if (this.#ended) return;
    this.#timer = this.limits.timer(limit, () => {
      this.stalled = new StalledError(what, limit);
      this.#controller.abort();
    });
  }
}
