import { AddInsteadOfCopy, checkAddInsteadOfCopy } from "./rules/add-instead-of-copy.js";
import { AptGetUpdateAlone, checkAptGetUpdateAlone } from "./rules/apt-get-update-alone.js";
import { CopyBeforeInstall, checkCopyBeforeInstall } from "./rules/copy-before-install.js";
import { HeredocWithoutErrexit, checkHeredocWithoutErrexit } from "./rules/heredoc-without-errexit.js";
import { PipeWithoutPipefail, checkPipeWithoutPipefail } from "./rules/pipe-without-pipefail.js";
import { SecretInRun, checkSecretInRun } from "./rules/secret-in-run.js";
import { UnpinnedBase, checkUnpinnedBase } from "./rules/unpinned-base.js";
import { UnpinnedDownload, checkUnpinnedDownload } from "./rules/unpinned-download.js";
import { ConsistentInstructionCasing, checkConsistentInstructionCasing } from "./rules/consistent-instruction-casing.js";
import { CopyIgnoredFile } from "./rules/copy-ignored-file.js";
import { DuplicateStageName, checkDuplicateStageName } from "./rules/duplicate-stage-name.js";
import { ExposeInvalidFormat } from "./rules/expose-invalid-format.js";
import { ExposeProtoCasing } from "./rules/expose-proto-casing.js";
import { FromAsCasing, checkFromAsCasing } from "./rules/from-as-casing.js";
import { FromPlatformFlagConstDisallowed } from "./rules/from-platform-flag-const-disallowed.js";
import { InvalidBaseImagePlatform } from "./rules/invalid-base-image-platform.js";
import { InvalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.js";
import { InvalidDefinitionDescription, checkInvalidDefinitionDescription } from "./rules/invalid-definition-description.js";
import { JSONArgsRecommended } from "./rules/json-args-recommended.js";
import { LegacyKeyValueFormat } from "./rules/legacy-key-value-format.js";
import { MaintainerDeprecated, checkMaintainerDeprecated } from "./rules/maintainer-deprecated.js";
import { MultipleInstructionsDisallowed } from "./rules/multiple-instructions-disallowed.js";
import { NoEmptyContinuation } from "./rules/no-empty-continuation.js";
import { RedundantTargetPlatform } from "./rules/redundant-target-platform.js";
import { ReservedStageName, checkReservedStageName } from "./rules/reserved-stage-name.js";
import { SecretsUsedInArgOrEnv } from "./rules/secrets-used-in-arg-or-env.js";
import { StageNameCasing, checkStageNameCasing } from "./rules/stage-name-casing.js";
import { UndefinedArgInFrom } from "./rules/undefined-arg-in-from.js";
import { UndefinedVar } from "./rules/undefined-var.js";
import { WorkdirRelativePath } from "./rules/workdir-relative-path.js";
import type { LintFile } from "./lint-file.js";
import type { Linter } from "./linter.js";
import type { LintRule } from "./rule.js";

/** Every rule, BuildKit's first. Those without a check below are found while instructions are lowered, where values are known. */
export const RULES: readonly LintRule<never>[] = [
  StageNameCasing,
  FromAsCasing,
  NoEmptyContinuation,
  ConsistentInstructionCasing,
  DuplicateStageName,
  ReservedStageName,
  JSONArgsRecommended,
  MaintainerDeprecated,
  UndefinedArgInFrom,
  WorkdirRelativePath,
  UndefinedVar,
  MultipleInstructionsDisallowed,
  LegacyKeyValueFormat,
  InvalidBaseImagePlatform,
  RedundantTargetPlatform,
  SecretsUsedInArgOrEnv,
  InvalidDefaultArgInFrom,
  FromPlatformFlagConstDisallowed,
  CopyIgnoredFile,
  InvalidDefinitionDescription,
  ExposeProtoCasing,
  ExposeInvalidFormat,
  CopyBeforeInstall,
  AptGetUpdateAlone,
  PipeWithoutPipefail,
  HeredocWithoutErrexit,
  AddInsteadOfCopy,
  UnpinnedBase,
  UnpinnedDownload,
  SecretInRun,
];

/** BuildKit's rules that need nothing but the text. */
const FILE_CHECKS: readonly ((file: LintFile, linter: Linter) => void)[] = [
  checkStageNameCasing,
  checkFromAsCasing,
  checkConsistentInstructionCasing,
  checkDuplicateStageName,
  checkReservedStageName,
  checkMaintainerDeprecated,
  checkInvalidDefinitionDescription,
];

const OWN_CHECKS: typeof FILE_CHECKS = [
  checkCopyBeforeInstall,
  checkAptGetUpdateAlone,
  checkPipeWithoutPipefail,
  checkHeredocWithoutErrexit,
  checkAddInsteadOfCopy,
  checkUnpinnedBase,
  checkUnpinnedDownload,
  checkSecretInRun,
];

/** Warns about what the text alone shows. */
export function lintFile(file: LintFile, linter: Linter): void {
  for (const check of FILE_CHECKS) check(file, linter);
  if (linter.hearsOwn) for (const check of OWN_CHECKS) check(file, linter);
}
