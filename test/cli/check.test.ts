import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv";
import test from "ava";
import type { CheckOptions } from "../../api/options/options.js";
import { checkDockerfile } from "../../frontend/dockerfile/check.js";
import { listTargets, outlineDockerfile } from "../../frontend/dockerfile/outline.js";
import { parseDockerfile } from "../../frontend/dockerfile/syntax/parse.js";
import type { FrontendOptions } from "../../frontend/frontend.js";
import { runRig } from "../support/rigs/cli-rig.js";
import type { CliRigOptions } from "../support/rigs/fake-library.js";
import { casePath, golden } from "../support/golden.js";
import { plainImages } from "../support/images/plain-images.js";
import { PLAIN_OPTIONS } from "../support/samples/frontend-options.js";

/** Fakes the library's check of a text, without looking images up. */
function rigOf(text: string, name = "Dockerfile", more: CliRigOptions = {}): CliRigOptions {
  const { ast } = parseDockerfile(text, name);
  const source = { name, text };
  const options = ({ target, buildArgs }: CheckOptions): FrontendOptions => ({
    ...PLAIN_OPTIONS,
    text,
    filename: name,
    ...(target === undefined ? {} : { target }),
    buildArgs: Object.fromEntries(Object.entries(buildArgs ?? {}).map(([key, value]) => [key, value ?? ""])),
  });
  return {
    check: async (given) => ({
      ...(await checkDockerfile(ast, options(given), plainImages(), given.rules !== "buildkit")),
      source,
      fixed: [],
    }),
    outline: async (given) => ({ ...(await outlineDockerfile(ast, options(given), plainImages())), source }),
    targets: async () => ({ targets: listTargets(ast, source), source }),
    ...more,
  };
}

/** Output of docker buildx for these files, byte for byte. */
for (const name of readdirSync(casePath("check", "forms"))) {
  const file = (form: string): string => readFileSync(casePath("check", "forms", name, form), "utf8");
  for (const method of ["check", "outline", "targets"]) {
    for (const form of ["txt", "json"]) {
      test(`docker's form: ${name}, ${method}, ${form}`, async (t) => {
        const call = form === "txt" ? method : `${method},format=json`;
        const { stdout, stderr, code } = await runRig(["--call", call, "--progress", "none", "."], rigOf(file("Dockerfile")));
        t.is(stdout.trimEnd(), file(`${method}.${form}`).trimEnd());
        t.is(stderr, "");
        t.is(code, method === "check" ? 1 : 0);
      });
    }
  }
}

/** Command line, Dockerfile, exit code. */
const SHOWN: Readonly<Record<string, readonly [line: string, dockerfile: string, code: number]>> = {
  clean: ["--check .", "FROM scratch\n", 0],
  "docker-own": ["--check .", "FROM alpine\n", 0],
  "docker-both": ["--call=check .", "FROM alpine as a\n", 1],
  "docker-ignored-status": ["--call=check,ignorestatus=true .", "FROM alpine:3 as a\n", 0],
  "docker-error": ["--check .", "FROM alpine:3 as a\nCOPPY a b\nRUN --mont=x y\n", 1],
  "docker-error-only": ["--check .", "FROM alpine:3\nCOPPY a b\n", 1],
  "docker-json-both": ["--call=check,format=json .", "FROM alpine as a\nFOO\nBAR\n", 1],
  "outline-error": ["--call=outline .", "FROM alpine:3\nFOO\n", 1],
  "outline-target": ["--call=outline --target a --build-arg V=2 .", "# a does things\nFROM alpine:3 AS a\nARG V=1\nFROM a\n", 0],
  pretty: ["check .", "from alpine AS Build\nRUN <<EOF\na\nb\nEOF\nCMD a\n", 1],
  "pretty-clean": ["check", "FROM alpine:3\n", 0],
  "pretty-error": ["check .", "FROM alpine:3\nEXPOSE 80/TCP\nFOO\n", 1],
  json: ["check --format json .", "FROM alpine\n", 1],
  "fix-stdin": ["check --fix -", "FROM alpine\n", 2],
};

for (const [name, [line, dockerfile, code]] of Object.entries(SHOWN)) {
  test(`shown: ${name}`, async (t) => {
    const run = await runRig([...line.split(" "), ...(line.startsWith("check") ? [] : ["--progress=none"])], rigOf(dockerfile));
    t.is(run.code, code);
    golden(t, `check/shown/${name}.txt`, `$ tsbuild ${line}\n${run.stdout}${run.stderr === "" ? "" : `(stderr)\n${run.stderr}`}`);
  });
}

test("answers that are no build go into a metadata file as buildx writes them", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-cli-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const written = async (line: string, dockerfile: string) => {
    const run = await runRig([...line.split(" "), "--progress=none", "--metadata-file", "m", "."], {
      ...rigOf(dockerfile),
      cwd: directory,
    });
    const metadata = JSON.parse(readFileSync(join(directory, "m"), "utf8")) as Record<string, unknown>;
    return { ...run, metadata, json: metadata["result.json"] as Record<string, unknown> };
  };
  const found = await written("--call=check", "FROM alpine as a\n");
  t.is(found.code, 1);
  t.deepEqual(Object.keys(found.metadata), ["result.json", "result.statuscode", "result.txt", "version"]);
  t.is((found.json["warnings"] as readonly { readonly ruleName: string }[])[0]?.ruleName, "FromAsCasing");
  t.like(found.metadata, { "result.statuscode": "1", "result.txt": found.stdout, version: "1.0.0" });
  t.is((await written("--check", "FROM scratch\n")).metadata["result.statuscode"], "0");
  const outline = await written("--call=outline", "FROM scratch AS a\nARG V=1\n");
  t.deepEqual(Object.keys(outline.metadata), ["result.json", "result.txt", "version"]);
  t.deepEqual(Object.keys((await written("--call=targets,format=json", "FROM scratch AS a\n")).json), ["targets", "sources"]);
});

/** Requirements of OASIS' schema of SARIF 2.1.0 for the used parts. */
const region = {
  type: "object",
  required: ["startLine", "startColumn", "endLine", "endColumn"],
  properties: Object.fromEntries(
    ["startLine", "startColumn", "endLine", "endColumn"].map((name) => [name, { type: "integer", minimum: 1 }]),
  ),
  additionalProperties: false,
};
const message = { type: "object", required: ["text"], properties: { text: { type: "string", minLength: 1 } }, additionalProperties: false };
const artifactLocation = {
  type: "object",
  required: ["uri"],
  properties: { uri: { type: "string", pattern: "^[^\\s\\\\]+$" } },
  additionalProperties: false,
};
const location = {
  type: "object",
  required: ["physicalLocation"],
  properties: {
    id: { type: "integer", minimum: 0 },
    message,
    physicalLocation: {
      type: "object",
      required: ["artifactLocation"],
      properties: { artifactLocation, region },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};
const level = { enum: ["none", "note", "warning", "error"] };
const SARIF = {
  type: "object",
  required: ["version", "runs"],
  additionalProperties: false,
  properties: {
    $schema: { type: "string" },
    version: { const: "2.1.0" },
    runs: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["tool"],
        additionalProperties: false,
        properties: {
          columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
          artifacts: {
            type: "array",
            items: {
              type: "object",
              properties: { location: artifactLocation, sourceLanguage: { type: "string" } },
              additionalProperties: false,
            },
          },
          tool: {
            type: "object",
            required: ["driver"],
            additionalProperties: false,
            properties: {
              driver: {
                type: "object",
                required: ["name"],
                additionalProperties: false,
                properties: {
                  name: { type: "string" },
                  semanticVersion: { type: "string" },
                  rules: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      required: ["id"],
                      additionalProperties: false,
                      properties: {
                        id: { type: "string" },
                        name: { type: "string" },
                        shortDescription: message,
                        help: message,
                        helpUri: { type: "string", pattern: "^https://" },
                        defaultConfiguration: { type: "object", properties: { level }, additionalProperties: false },
                        properties: { type: "object", properties: { tags: { type: "array", items: { type: "string" } } } },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: "array",
            items: {
              type: "object",
              required: ["message", "ruleId", "ruleIndex", "locations"],
              additionalProperties: false,
              properties: {
                ruleId: { type: "string" },
                ruleIndex: { type: "integer", minimum: 0 },
                level,
                message,
                locations: { type: "array", minItems: 1, items: location },
                relatedLocations: { type: "array", items: location },
                fixes: {
                  type: "array",
                  items: {
                    type: "object",
                    required: ["artifactChanges"],
                    additionalProperties: false,
                    properties: {
                      description: message,
                      artifactChanges: {
                        type: "array",
                        minItems: 1,
                        items: {
                          type: "object",
                          required: ["artifactLocation", "replacements"],
                          additionalProperties: false,
                          properties: {
                            artifactLocation,
                            replacements: {
                              type: "array",
                              minItems: 1,
                              items: {
                                type: "object",
                                required: ["deletedRegion"],
                                additionalProperties: false,
                                properties: {
                                  deletedRegion: region,
                                  insertedContent: {
                                    type: "object",
                                    properties: { text: { type: "string" } },
                                    additionalProperties: false,
                                  },
                                },
                              },
                            },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

interface SarifLog {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly level: string;
        readonly fixes?: readonly object[];
      }[];
    },
  ];
}

test("SARIF has the form the standard asks for", async (t) => {
  const text = "from alpine as Build\nRUN a \\\n\n && b | c\nCOPY . .\nRUN npm ci\nFROM scratch AS build\nBOGUS x\n";
  for (const line of [
    ["check", "--format", "sarif"],
    ["--call=check,format=sarif", "--progress=none", "."],
  ]) {
    const { stdout } = await runRig(line, rigOf(text, "my dir/Dockerfile"));
    const log = JSON.parse(stdout) as SarifLog;
    const validate = new Ajv.default({ allErrors: true }).compile(SARIF);
    t.true(validate(log), JSON.stringify(validate.errors, undefined, 1));
    const [{ tool, results }] = log.runs;
    for (const { ruleId, ruleIndex } of results) t.is(tool.driver.rules[ruleIndex]?.id, ruleId);
    t.deepEqual([...new Set(results.map((result) => result.level))], ["error", "warning"]);
    t.true(results.some((result) => result.ruleId === "dockerfile/unknown-instruction"));
    t.true(results.some((result) => result.ruleId === "CopyBeforeInstall"));
    t.true(results.some((result) => result.fixes !== undefined));
    t.true(stdout.includes('"uri": "my%20dir/Dockerfile"'));
  }
});

test("a check gets what says which Dockerfile is meant", async (t) => {
  const seen: CheckOptions[] = [];
  const line = "--check -f x/Dockerfile --target a --build-arg A=1 --platform linux/arm64 -t name -o type=cacheonly --progress=none sub";
  await runRig(line.split(" "), {
    check: async ({ signal: _signal, onEvent: _onEvent, ...options }) => {
      seen.push(options);
      return { source: { name: "Dockerfile", text: "" }, errors: [], warnings: [], fixed: [] };
    },
  });
  t.deepEqual(seen, [
    {
      context: "sub",
      dockerfile: "x/Dockerfile",
      target: "a",
      buildArgs: { A: "1" },
      platforms: ["linux/arm64"],
      pull: false,
    },
  ]);
});

test("a rule's page is shown by its name", async (t) => {
  const { stdout, code } = await runRig(["check", "--explain", "CopyBeforeInstall"]);
  t.is(code, 0);
  t.true(stdout.startsWith("# CopyBeforeInstall\n"));
  const wrong = await runRig(["check", "--explain", "CopyBeforeInstal"]);
  t.is(wrong.code, 1);
  t.true(wrong.stderr.includes("did you mean copy-before-install?"), wrong.stderr);
});
