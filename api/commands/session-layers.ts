import { LayerService } from "../../solver/layers/layer-service.js";
import { layerFetcher } from "../remote-cache/fetch-layer.js";
import type { Session } from "../session/session.js";

/** Returns the layers of a session outside a build. */
export function sessionLayers({ store, workers, network }: Session): LayerService {
  return new LayerService({ store, tasks: workers.tasks, fetchBlob: layerFetcher(network, undefined) });
}
