import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { HttpsProxyAgent, type HttpsProxyAgentOptions } from "https-proxy-agent";

type SecureOptions = Pick<ConnectionOptions, "secureContext" | "rejectUnauthorized">;

/** Reaches servers by CONNECT, and gives the proxy up with the request. */
export class ProxyAgent extends HttpsProxyAgent<string> {
  /**
   * Takes the options of both connections. Note that we give those of TLS to the server's
   * ourselves, because the class that we extend has them for the proxy's alone.
   */
  constructor(proxy: URL, options: HttpsProxyAgentOptions<string>) {
    super(proxy, options);
    const { secureContext, rejectUnauthorized } = this.connectOpts as SecureOptions;
    Object.assign(this.options, { ...(secureContext && { secureContext }), ...(rejectUnauthorized === false && { rejectUnauthorized }) });
  }

  /**
   * Connects for a request. Note that we look for the request's end ourselves, because the request
   * has no socket before the proxy has answered. Nobody else would close the socket to a silent
   * proxy.
   */
  override async connect(request: ClientRequest, options: Parameters<HttpsProxyAgent<string>["connect"]>[1]): Promise<Socket> {
    const stop = new AbortController();
    const destroy = request.destroy.bind(request);
    request.destroy = (error) => {
      stop.abort();
      return destroy(error);
    };
    if (request.destroyed) stop.abort();
    const connectOpts = { ...this.connectOpts, signal: stop.signal };
    const scoped = Object.create(this, { connectOpts: { value: connectOpts } }) as this;
    try {
      return await super.connect.call(scoped, request, options);
    } finally {
      request.destroy = destroy;
    }
  }
}
