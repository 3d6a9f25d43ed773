import type { ExecutionContext } from "ava";
import { CacheHttp } from "../../../cache/remote/http.js";
import type { Clock } from "../../../net/retry.js";
import type { FakeService } from "./fake-services.js";

export const signal: AbortSignal = new AbortController().signal;
export const clock: Clock = { now: () => Date.now(), sleep: async () => undefined, random: () => 0 };

export async function started(t: ExecutionContext, starting: Promise<FakeService>, env: Record<string, string> = {}) {
  const service = await starting;
  const http = new CacheHttp({ env, clock });
  t.teardown(async () => {
    http[Symbol.dispose]();
    await service.close();
  });
  return { service, http };
}
