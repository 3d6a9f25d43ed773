import { LayerService } from "../../solver/layers/layer-service.js";
import type { Reporter } from "../../solver/layers/ports.js";
import { layerFetcher } from "../remote-cache/fetch-layer.js";
import type { Session } from "../session/session.js";

/** Returns the layers of a session outside a build. */
export function layersOf({ store, workers, network }: Session): LayerService {
  return new LayerService({ store, tasks: workers.tasks, fetchBlob: layerFetcher(network, undefined) });
}

/** Reports to nobody. */
export function quiet({ signal }: Pick<Session, "signal">): Reporter {
  return { signal, progress: () => {} };
}
