import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { HttpsProxyAgent } from "https-proxy-agent";

/** Reaches servers by CONNECT, and gives the proxy up with the request. */
export class ProxyAgent extends HttpsProxyAgent<string> {
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
