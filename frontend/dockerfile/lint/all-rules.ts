// Made by scripts/lint-rules.mjs from the pages in docs/lint.

import type { FileRule } from "./file-rule.js";
import type { LintRule } from "./rule.js";
import { AddInsteadOfCopy } from "./rules/add-instead-of-copy.js";
import { AptGetUpdateAlone } from "./rules/apt-get-update-alone.js";
import { ConsistentInstructionCasing } from "./rules/consistent-instruction-casing.js";
import { CopyBeforeInstall } from "./rules/copy-before-install.js";
import { CopyIgnoredFile } from "./rules/copy-ignored-file.js";
import { DuplicateStageName } from "./rules/duplicate-stage-name.js";
import { ExposeInvalidFormat } from "./rules/expose-invalid-format.js";
import { ExposeProtoCasing } from "./rules/expose-proto-casing.js";
import { FromAsCasing } from "./rules/from-as-casing.js";
import { FromPlatformFlagConstDisallowed } from "./rules/from-platform-flag-const-disallowed.js";
import { HeredocWithoutErrexit } from "./rules/heredoc-without-errexit.js";
import { InvalidBaseImagePlatform } from "./rules/invalid-base-image-platform.js";
import { InvalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.js";
import { InvalidDefinitionDescription } from "./rules/invalid-definition-description.js";
import { JSONArgsRecommended } from "./rules/json-args-recommended.js";
import { LegacyKeyValueFormat } from "./rules/legacy-key-value-format.js";
import { LinkChangesParents } from "./rules/link-changes-parents.js";
import { MaintainerDeprecated } from "./rules/maintainer-deprecated.js";
import { MultipleInstructionsDisallowed } from "./rules/multiple-instructions-disallowed.js";
import { NoEmptyContinuation } from "./rules/no-empty-continuation.js";
import { PipeWithoutPipefail } from "./rules/pipe-without-pipefail.js";
import { RedundantTargetPlatform } from "./rules/redundant-target-platform.js";
import { ReservedStageName } from "./rules/reserved-stage-name.js";
import { SecretInRun } from "./rules/secret-in-run.js";
import { SecretsUsedInArgOrEnv } from "./rules/secrets-used-in-arg-or-env.js";
import { StageNameCasing } from "./rules/stage-name-casing.js";
import { UndefinedArgInFrom } from "./rules/undefined-arg-in-from.js";
import { UndefinedVar } from "./rules/undefined-var.js";
import { UnpinnedBase } from "./rules/unpinned-base.js";
import { UnpinnedDownload } from "./rules/unpinned-download.js";
import { WorkdirRelativePath } from "./rules/workdir-relative-path.js";

/** Every rule, BuildKit's first. */
export const RULES: readonly (LintRule<never> | FileRule<never>)[] = [
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
  LinkChangesParents,
];
