import { basics } from "./cases/basics.js";
import type { Case } from "./cases/case.js";
import { devices } from "./cases/devices.js";
import { connection, ends } from "./cases/ends.js";
import { isolation } from "./cases/isolation.js";
import { limits } from "./cases/limits.js";
import { mounts } from "./cases/mounts.js";
import { ownership } from "./cases/ownership.js";
import { processSettings } from "./cases/process-settings.js";
import { sockets } from "./cases/sockets.js";
import { talk } from "./cases/talk.js";
import { unmappedIds } from "./cases/unmapped-ids.js";

/** Cases that a worker and its sandboxes must pass for every user. */
export const CASES: readonly Case[] = [
  ...basics,
  ...limits,
  ...processSettings,
  ...isolation,
  ...mounts,
  ...ownership,
  ...unmappedIds,
  ...devices,
  ...sockets,
  ...ends,
  ...talk,
  ...connection,
];
