/** Isolation of RUN steps, for the command as well. */
export { DOCKER_ISOLATIONS, parseIsolation, TIERS } from "../../executor-native/tier.js";
