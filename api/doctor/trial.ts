import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TsbuildError } from "../../core/errors.js";
import { packageRoot } from "../../core/package-root.js";
import { adviceOnProcessors } from "../../executor-native/emulation/advice.js";
import { PLATFORMS_TASK, type RunnablePlatform } from "../../executor-native/emulation/emulators.js";
import { helperPath } from "../../executor-native/helper-path.js";
import { startWorker } from "../../executor-native/start-worker.js";
import type { ChosenTier } from "../../executor-native/isolation/choose-tier.js";
import { NETWORK_VARIABLE } from "../options/steps/step-options.js";
import { type SharedNetwork, startSharedNetwork } from "../session/step-networks.js";
import type { DoctorCheck } from "../options/doctor-types.js";
import { check } from "./check.js";

const PROGRAM = "tsbuild-doctor";

/**
 * Runs one program in a sandbox as a RUN step does, in a root file system with nothing else, below
 * `directory`. The program is our own, which ends at once: only its start counts.
 */
export async function trialRun(
  directory: string,
  chosen: ChosenTier = { tier: "namespaces" },
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly DoctorCheck[]> {
  const title = "A step in a sandbox";
  try {
    const { duration, platforms, network } = await run(directory, chosen, env);
    return [
      check("sandbox", title, { found: `it ran, in ${duration.toFixed(0)} ms` }),
      platformCheck(platforms, chosen),
      stepNetworkCheck(network),
    ];
  } catch (error) {
    const hint = error instanceof TsbuildError ? error.hint : undefined;
    return [check("sandbox", title, { status: "missing", found: error instanceof Error ? error.message : String(error), fix: hint })];
  }
}

function platformCheck(platforms: readonly RunnablePlatform[], { tier }: ChosenTier): DoctorCheck {
  const how = ({ platform, by, native }: RunnablePlatform): string =>
    native ? platform : by === undefined ? `${platform} (by the machine's interpreter)` : `${platform} (by ${by})`;
  return check("platforms", "Platforms of steps", {
    found: platforms.map(how).join(", "),
    fix: platforms.every(({ native }) => native) ? `For steps of other platforms: ${adviceOnProcessors(tier)}` : undefined,
  });
}

/** Says which network steps get that ask for none. */
function stepNetworkCheck(network: SharedNetwork): DoctorCheck {
  const title = "Network of steps";
  const controlledBy = ["PATH", "/dev/net/tun", NETWORK_VARIABLE];
  if (network.kind === "private") return check("step-network", title, { found: `their own, by ${network.stack}`, controlledBy });
  const found = `the host's: ${network.problem}`;
  return check("step-network", title, { status: "warning", found, controlledBy, fix: network.hint });
}

interface Trial {
  /** Milliseconds from the start of the step to its end. */
  readonly duration: number;
  readonly platforms: readonly RunnablePlatform[];
  readonly network: SharedNetwork;
}

async function run(directory: string, { tier, copies }: ChosenTier, env: NodeJS.ProcessEnv): Promise<Trial> {
  const place = mkdtempSync(join(directory, "tsbuild-doctor-"));
  try {
    const root = join(place, "root");
    for (const name of ["root", "upper", "work", "state"]) mkdirSync(join(place, name));
    copyFileSync(helperPath(), join(root, PROGRAM));
    chmodSync(join(root, PROGRAM), 0o755);
    const worker = await startWorker({
      entry: join(packageRoot(), "dist", "worker.cjs"),
      stateDirectory: join(place, "state"),
      tier,
      ...(copies !== undefined && { copiesRoots: true }),
    });
    try {
      const begun = performance.now();
      await worker.run(
        {
          rootfs: { lowers: [root], upper: join(place, "upper"), work: join(place, "work") },
          mounts: [],
          args: [`/${PROGRAM}`],
          env: ["PATH=/"],
          cwd: "/",
          user: "",
          hostname: "doctor",
          network: "none",
          security: "sandbox",
          hosts: "127.0.0.1 localhost\n",
          resolvConf: "",
        },
        { onOutput: () => undefined },
      );
      const duration = performance.now() - begun;
      const platforms = await worker.task<readonly RunnablePlatform[]>(PLATFORMS_TASK, undefined);
      return { duration, platforms, network: await startSharedNetwork(worker, env) };
    } finally {
      // Parts may belong to mapped ids. A failure to remove them adds nothing to the step's own
      // failure.
      await worker.remove([join(place, "upper"), join(place, "work")]).catch(() => undefined);
      await worker.close();
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
