/** The library: what `import { … } from "tsbuild"` gives. The graph builder is `tsbuild/llb`. */
export { build } from "./build.js";
export { collect } from "./collect.js";
export type {
  DiskItem,
  DiskItemType,
  DiskUsageReport,
  PruneCandidate,
  PrunedItem,
  PrunePolicy,
  PruneReport,
} from "./disk-types.js";
export { openImageStore } from "./image-store.js";
export type {
  BuildOptions,
  BuildResult,
  CommonOptions,
  ImageStore,
  Output,
  SecretSource,
  StoredImage,
} from "./options.js";
export type { Diagnostic, Severity, SourceFile, SourceRange } from "../core/diagnostics.js";
export type { Digest } from "../core/digest.js";
export { CanceledError, DiagnosticsError, ExecError, TsbuildError } from "../core/errors.js";
export type { BuildEvent, EventError, EventSink, StepId, StepInfo } from "../core/events.js";
export { type DiagnosticStyle, renderDiagnostic } from "../core/render-diagnostic.js";
export type { Compression } from "../oci/layer/toc.js";
export type { Descriptor } from "../oci/types.js";
