import { Writable } from "node:stream";
import test from "ava";
import { cacheTypes } from "../../../api/options/cache-types.js";
import { OUTPUT_TYPES } from "../../../api/options/output-types.js";
import type { BuildOptions } from "../../../api/options/options.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import { TsbuildError } from "../../../core/errors.js";

const WRONG: readonly (readonly [options: unknown, message: string])[] = [
  [{ context: 5 }, 'Cannot use 5 as the option "context": it must be a string, a stream or bytes'],
  [{ dockerfile: {} }, 'Cannot use an object as the option "dockerfile": it must be a path or { text }'],
  [{ tags: "app" }, 'Cannot use "app" as the option "tags": it must be an array of strings'],
  [{ buildArgs: ["A=1"] }, 'Cannot use an array as the option "buildArgs": it must be an object of strings'],
  [{ secrets: { a: "b" } }, 'Cannot use an object as the option "secrets": it must be an object of objects'],
  [{ onEvent: true }, 'Cannot use true as the option "onEvent": it must be a function'],
  [{ signal: new AbortController() }, 'Cannot use an object as the option "signal": it must be an AbortSignal'],
  [{ network: "bridge" }, 'Cannot use "bridge" as the option "network": it must be default, private, none or host'],
  [{ outputs: ["oci"] }, 'Cannot use an array as the option "outputs": it must be an array of objects'],
  [
    { outputs: [{ type: "zip" }] },
    `Cannot use "zip" as the type of an output: it must be one of ${OUTPUT_TYPES.map(({ type }) => type).join(", ")}`,
  ],
  [{ outputs: [{ type: "oci" }] }, "Cannot use undefined as the dest of an output of type oci: it must be a path or a Writable"],
  [
    { outputs: [{ type: "oci", tar: false, dest: new Writable() }] },
    "Cannot use an object as the dest of an output of type oci: it must be a string",
  ],
  [{ outputs: [{ type: "image", push: "yes" }] }, 'Cannot use "yes" as the push of an output of type image: it must be true or false'],
  [
    { outputs: [{ type: "oci", dest: "x", compression: "lz4" }] },
    'Cannot use "lz4" as the compression of an output of type oci: it must be one of gzip, zstd, uncompressed',
  ],
  [{ cacheFrom: [{ type: "inline" }] }, `Cannot use "inline" as the type of a cache: it must be one of ${cacheTypes("from").join(", ")}`],
  [{ cacheTo: [{ type: "registry" }] }, "Cannot use undefined as the ref of a cache of type registry: it must be a string"],
  [
    { cacheTo: [{ type: "local", dest: "x", mounts: "some" }] },
    'Cannot use "some" as the mounts of a cache of type local: it must be an array of strings, or all',
  ],
];

test("a value of the wrong type is an error that names the option, also for those who write JavaScript", (t) => {
  for (const [options, message] of WRONG) {
    const error = t.throws(() => resolveBuildOptions(options as BuildOptions, {}), { instanceOf: TsbuildError, message });
    t.is(error?.code, "options/invalid");
  }
});

test("values of the right types pass", (t) => {
  const { signal } = new AbortController();
  const dest = new Writable();
  t.notThrows(() => resolveBuildOptions({}, {}));
  t.notThrows(() =>
    resolveBuildOptions(
      {
        context: new Uint8Array(1),
        signal,
        dockerfile: { text: "FROM scratch" },
        buildArgs: { A: undefined },
        tags: ["a"],
        outputs: [{ type: "tar", dest }, { type: "cacheonly" }, { type: "docker", dest: "x" }],
        secrets: { a: { value: "b" } },
      },
      {},
    ),
  );
});
