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

/** Every rule. Those without a check below are found while instructions are lowered, where values are known. */
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
];

/** Rules that need nothing but the text. */
export const FILE_CHECKS: readonly ((file: LintFile, linter: Linter) => void)[] = [
  checkStageNameCasing,
  checkFromAsCasing,
  checkConsistentInstructionCasing,
  checkDuplicateStageName,
  checkReservedStageName,
  checkMaintainerDeprecated,
  checkInvalidDefinitionDescription,
];
