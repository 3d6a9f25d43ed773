/** The library: what `import { … } from "tsbuild"` gives. The graph builder is `tsbuild/llb`. */
export { build } from "./build.js";
export { check, outline, targets } from "./check.js";
export { explainRule } from "./lint-pages.js";
export { openBuildHistory } from "./build-history.js";
export type { BuildHistoryStore, RecordedBuild, RecordedStep, RecordedWarning } from "./build-record.js";
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
export { doctor, type DoctorOptions } from "./doctor.js";
export type { CheckStatus, DoctorCheck, DoctorReport } from "./doctor-types.js";
export { openImageStore } from "./image-store.js";
export { login, type LoginOptions, type LoginResult, logout, type LogoutResult } from "./registry-login.js";
export type { PulledImage, PullOptions, PushedImage, TransferOptions } from "./transfer-types.js";
export type {
  BuildOptions,
  BuildResult,
  CheckOptions,
  CheckResult,
  CommonOptions,
  Entitlement,
  ImageForm,
  ImageStore,
  LintWarning,
  Outline,
  OutlineArg,
  OutlineMount,
  Output,
  PrunedImages,
  PruneImagesOptions,
  PushForm,
  SecretSource,
  SolverTraceRecord,
  SshSource,
  StoredImage,
  Target,
} from "./options.js";
export type { Diagnostic, Fix, Severity, SourceFile, SourceRange, TextEdit } from "../core/diagnostics.js";
export type { Digest } from "../core/digest.js";
export { CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "../core/errors.js";
export type { BuildSummary, HistoryLimits } from "../cache/contract/builds.js";
export type {
  BuildEvent,
  EventError,
  EventSink,
  StepChange,
  StepExplanation,
  StepId,
  StepInfo,
  StepRecord,
} from "../core/events.js";
export { type DiagnosticStyle, renderDiagnostic } from "../core/text/render-diagnostic.js";
export { applyFixes } from "../core/text/text-edits.js";
export type { Compression } from "../oci/media-types.js";
export type { Descriptor } from "../oci/types.js";
export { type ParseOptions, parseDockerfile } from "./parse-dockerfile.js";
export { printDockerfile } from "../frontend/dockerfile/print.js";
export type { ParsedDockerfile } from "../frontend/dockerfile/parse.js";
export type {
  ArgNode,
  CommandLine,
  DockerfileAst,
  Flag,
  HealthcheckNode,
  Heredoc,
  Instruction,
  InstructionKind,
  ListNode,
  NodeOf,
  OnbuildNode,
  Pair,
  PairsNode,
  ShellNode,
  TextNode,
  Word,
  WordsNode,
} from "../frontend/dockerfile/ast.js";
export type { Directive, Directives } from "../frontend/dockerfile/ast.js";
export type { Problem } from "../frontend/dockerfile/problem.js";
