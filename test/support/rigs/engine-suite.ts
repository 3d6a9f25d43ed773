import { spawnSync } from "node:child_process";
import test from "ava";
import { missingForBusybox, startBusyboxRegistry } from "../images/base-image.js";
import { NO_BUILDX, NO_ENGINE, notInstalled, requires } from "../requires.js";
import type { RealRegistry } from "../servers/registry.js";
import { type Ended, Rig } from "./rig.js";

/** Command line of docker's client. */
export const DOCKER = process.env["TSBUILD_TEST_DOCKER"] ?? "docker";
/** Flags for the engine's steps: they have the machine's network (scripts/docker-engine.sh). */
export const NETWORK = ["--network", "host", "--allow", "network.host"];
export const ENGINE = { DOCKER_HOST: process.env["DOCKER_HOST"] ?? "" };

/** Makes a suite of builds by the engine that DOCKER_HOST names, with a registry and a rig. */
export function engineSuite() {
  const missing = missingForBusybox();
  const hasEngine = process.env["DOCKER_HOST"] !== undefined && process.env["DOCKER_HOST"] !== "";
  const hasBuildx = () => spawnSync("/bin/sh", ["-c", `${DOCKER} buildx version`], { stdio: "ignore" }).status === 0;
  const parts: { registry?: RealRegistry; rig?: Rig } = {};
  test.before(async () => {
    if (missing !== undefined || !hasEngine) return;
    parts.registry = await startBusyboxRegistry();
    parts.rig = new Rig();
  });
  test.after.always(async () => {
    await parts.rig?.dispose();
    await parts.registry?.stop();
  });
  const begun = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the suite has not begun");
    return part;
  };
  const suite = {
    get rig(): Rig {
      return begun(parts.rig);
    },
    get registry(): RealRegistry {
      return begun(parts.registry);
    },
    build(args: readonly string[], context: string): Promise<Ended> {
      const argument = ["--build-arg", `REGISTRY=${suite.registry.host}`];
      return suite.rig.cli(["build", "--progress=plain", ...NETWORK, ...argument, ...args, context], { env: ENGINE });
    },
    remotely: (args: readonly string[], context: string): Promise<Ended> => suite.build(["--builder", "docker://", ...args], context),
    serial: requires(notInstalled(missing), hasEngine ? undefined : NO_ENGINE).serial,
    /** Tests that need buildx beside the engine. */
    withDialer: requires(notInstalled(missing), hasEngine && hasBuildx() ? undefined : NO_BUILDX).serial,
  };
  return suite;
}
