import { quote } from "../../../../core/go-values/quote.js";
import type { LintRule } from "../rule.js";

export const InvalidBaseImagePlatform: LintRule<[image: string, expected: string, actual: string]> = {
  name: "InvalidBaseImagePlatform",
  description: "Base image platform does not match expected target platform",
  noPage: true,
  message: (image, expected, actual) =>
    `Base image ${image} was pulled with platform ${quote(actual)}, expected ${quote(expected)} for current build`,
};
