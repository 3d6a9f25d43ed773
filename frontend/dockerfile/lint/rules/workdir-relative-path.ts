import { quote } from "../../../../core/go-values/quote.js";
import type { LintRule } from "../rule.js";

export const WorkdirRelativePath: LintRule<[path: string]> = {
  name: "WorkdirRelativePath",
  description:
    "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
  message: (path) => `Relative workdir ${quote(path)} can have unexpected results if the base image changes`,
};
