import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDigest } from "../../../core/digest.js";
import { compileDockerfile } from "../../../frontend/dockerfile/compile.js";
import { parseDockerfile } from "../../../frontend/dockerfile/syntax/parse.js";
import type { FrontendPorts } from "../../../frontend/frontend.js";
import { imageSource } from "../../../llb/sources/image.js";
import type { Rootfs } from "../../../llb/vertex.js";
import { casePath } from "../golden.js";
import { PLAIN_OPTIONS } from "./frontend-options.js";
import { BASE_IMAGE, type WireCase, type WireRecord } from "./wire-case.js";

/** A folder of test/cases/wire, compiled. */
interface WireGraph {
  readonly settings: WireCase;
  readonly record: WireRecord;
  readonly root: Rootfs;
}

export function wireCases(): readonly string[] {
  return readdirSync(casePath("wire")).sort();
}

const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** Compiles the Dockerfile of a case, with the base image that BuildKit found. */
export async function wireGraph(name: string): Promise<WireGraph> {
  const folder = casePath("wire", name);
  const settings = existsSync(join(folder, "case.json")) ? (json(join(folder, "case.json")) as WireCase) : {};
  const record = json(join(folder, "buildkit.json")) as WireRecord;
  const text = readFileSync(join(folder, "Dockerfile"), "utf8").replaceAll(BASE_IMAGE, record.base.reference);
  const digest = parseDigest(record.base.digest);
  const platform = PLAIN_OPTIONS.targetPlatform;
  const ports: FrontendPorts = {
    resolveImage: async (ref) => ({
      ref,
      op: imageSource({ layout: false, ref, digest }),
      digest,
      config: { ...platform, config: settings.base ?? { Env: ["PATH=/bin"], Cmd: ["sh"] }, rootfs: { type: "layers", diff_ids: [digest] } },
      platform,
    }),
    namedContext: async () => undefined,
    ignorePatterns: async () => [],
  };
  const { ast } = parseDockerfile(text, "Dockerfile");
  const { rootfs } = await compileDockerfile(ast, { ...PLAIN_OPTIONS, text, ...settings.options }, ports);
  return { settings, record, root: rootfs };
}
