/**
 * The library: the exports of `import { … } from "tsbuild"`. The graph builder is `tsbuild/llb`.
 */
export { build } from "./build/build.js";
export { buildTargets, type BuildTargetsOptions } from "./build/build-targets.js";
export { targetBuildOptions, type TargetOptionsPlace } from "./bake/target-options.js";
export { type GivenRights, type WantedRight, wantedRights } from "./bake/wanted-rights.js";
export { readBake } from "./bake/read-bake.js";
export type { BakeFile, BakeOptions, BakePlanResult } from "./bake/bake-options.js";
export { readCompose } from "./compose/read-compose.js";
export type { ComposeFile, ComposeOptions } from "./compose/compose-options.js";
export type { PlannedBakeTarget } from "./options/planned-target.js";
export { type BuildGraph, buildGraph } from "./build/build-graph.js";
export { check, outline, targets } from "./build/check.js";
export { explainRule } from "./sources/lint-pages.js";
export { openBuildHistory } from "./store/build-history.js";
export type { BuildHistoryStore, RecordedBuild, RecordedStep, RecordedWarning } from "./record/build-record.js";
export { collect } from "./store/collect.js";
export type {
  DiskItem,
  DiskItemType,
  DiskUsageReport,
  PruneCandidate,
  PrunedItem,
  PrunePolicy,
  PruneReport,
} from "./options/disk-types.js";
export { debug, type DebugOptions, failedSteps, type FailedStepSummary, type StepStateSummary } from "./debug/debug.js";
export type { SteppedStep } from "./stepping/planned-steps.js";
export { type SteppedBuild, withSteps } from "./stepping/stepped-build.js";
export { type Aspect, diff, type DiffEntry, type DiffOptions, type FileChange, type FileState } from "./diff/diff.js";
export { exportStep, type ExportStepOptions } from "./debug/export-state.js";
export { type ImportedStep, importStep } from "./debug/import-state.js";
export { serve } from "./server/serve.js";
export type { Server, ServeOptions, ServerTls } from "./server/options.js";
export { run } from "./run/run.js";
export type { RunOptions } from "./run/run-options.js";
export type { RunExit } from "./commands/exit.js";
export type { CommandOptions, CommandStreams, RunningCommand, RunVolume, TerminalSize } from "./commands/command-options.js";
export type { HealthOptions, ServiceOptions } from "./options/services/types.js";
export type { PublishedPort } from "../executor-native/network/published-ports.js";
export type { HealthResult } from "../executor-native/contract.js";
export { doctor, type DoctorOptions } from "./doctor/doctor.js";
export type { CheckStatus, DoctorCheck, DoctorReport } from "./options/doctor-types.js";
export { openImageStore } from "./image-store/image-store.js";
export { combineImages, type CombinedImage, type CombineOptions, type ImageSource } from "./image-store/combine-images.js";
export { inspectRemote, type RemoteImage, type RemoteOptions } from "./image-store/remote-image.js";
export { login, type LoginOptions, type LoginResult, logout, type LogoutOptions, type LogoutResult } from "./image-store/registry-login.js";
export type { PulledImage, PullOptions, PushedImage, PushOptions, TransferOptions } from "./options/transfer-types.js";
export type {
  BuildOptions,
  BuildResult,
  CheckOptions,
  CheckResult,
  CommonOptions,
  Entitlement,
  Right,
  ImageForm,
  ImageStore,
  LintWarning,
  Outline,
  OutlineArg,
  OutlineMount,
  Output,
  PrunedImages,
  PlatformChoice,
  PruneImagesOptions,
  PushForm,
  SecretSource,
  SolverTraceRecord,
  SshSource,
  StoredImage,
  Target,
} from "./options/options.js";
export type { Diagnostic, Fix, Severity, SourceFile, SourceRange, TextEdit } from "../core/diagnostics.js";
export type { Digest } from "../core/digest.js";
export { CanceledError, DiagnosticsError, ExecError, TsbuildError, UsageError } from "../core/errors.js";
export type { BuildSummary, HistoryLimits } from "../cache/contract/builds.js";
export type {
  AnnouncedStep,
  BuildEvent,
  EventError,
  EventSink,
  StepChange,
  StepExplanation,
  StepId,
  StepRecord,
} from "../core/events.js";
export type { BaseStep, ContextStep, ExportStep, InstructionStep, InternalStep, StepInfo, StepPlace } from "../core/step.js";
export { stepName } from "../core/step.js";
export { type DiagnosticStyle, renderDiagnostic } from "../core/text/render-diagnostic.js";
export { applyFixes } from "../core/text/text-edits.js";
export type { Compression } from "../oci/media-types.js";
export type { Descriptor } from "../oci/types.js";
export { type ParseOptions, parseDockerfile } from "./sources/parse-dockerfile.js";
export { printDockerfile } from "../frontend/dockerfile/syntax/print.js";
export type { ParsedDockerfile } from "../frontend/dockerfile/syntax/parse.js";
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
