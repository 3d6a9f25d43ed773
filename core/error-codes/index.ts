import type { ErrorEntry } from "./entry.js";
import { BAKE_ERRORS } from "./bake.js";
import { BUILD_ERRORS } from "./build.js";
import { CACHE_ERRORS } from "./cache.js";
import { CLI_ERRORS } from "./cli.js";
import { COMPOSE_ERRORS } from "./compose.js";
import { CONTEXT_ERRORS } from "./context.js";
import { DEBUG_ERRORS } from "./debug.js";
import { DIFF_ERRORS } from "./diff.js";
import { DOCKERFILE_ERRORS } from "./dockerfile.js";
import { EXEC_ERRORS } from "./exec.js";
import { EXPORT_ERRORS } from "./export.js";
import { FILES_ERRORS } from "./files.js";
import { HCL_ERRORS } from "./hcl.js";
import { IMAGE_ERRORS } from "./image.js";
import { LAYER_ERRORS } from "./layer.js";
import { BUILDER_ERRORS, LLB_ERRORS, SERVER_ERRORS } from "./llb.js";
import { OPTIONS_ERRORS } from "./options.js";
import { PROCESS_ERRORS } from "./process.js";
import { REGISTRY_ERRORS } from "./registry.js";
import { RUN_ERRORS } from "./run.js";
import { SERVICE_ERRORS } from "./service.js";
import { SOURCE_ERRORS } from "./source.js";
import { STORE_ERRORS } from "./store.js";

/**
 * Every code of an error or a warning. Note that programs import its type alone, because the texts
 * are for docs/errors.md: what is shown comes from the functions that make the errors.
 */
const ERROR_CODES = {
  ...CLI_ERRORS,
  ...OPTIONS_ERRORS,
  ...CONTEXT_ERRORS,
  ...DOCKERFILE_ERRORS,
  ...BAKE_ERRORS,
  ...HCL_ERRORS,
  ...COMPOSE_ERRORS,
  ...FILES_ERRORS,
  ...BUILD_ERRORS,
  ...BUILDER_ERRORS,
  ...SERVER_ERRORS,
  ...LLB_ERRORS,
  ...EXEC_ERRORS,
  ...RUN_ERRORS,
  ...SERVICE_ERRORS,
  ...DEBUG_ERRORS,
  ...DIFF_ERRORS,
  ...SOURCE_ERRORS,
  ...IMAGE_ERRORS,
  ...REGISTRY_ERRORS,
  ...LAYER_ERRORS,
  ...STORE_ERRORS,
  ...CACHE_ERRORS,
  ...EXPORT_ERRORS,
  ...PROCESS_ERRORS,
};

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Returns the entries of the catalogue by their codes. */
export function errorEntries(): ReadonlyMap<string, ErrorEntry> {
  return new Map(Object.entries(ERROR_CODES));
}
