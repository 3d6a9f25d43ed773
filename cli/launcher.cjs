"use strict";
// The `tsbuild` command (dist/cli.cjs). What every command needs of the program is one script, the
// pack dist/command/start.cjs. What flags, a build without changes, a list of images, a bake, and a
// COPY that runs need besides are others. V8 takes each from its code cache: that saves what
// compiling half a megabyte of JavaScript costs at every start. `npm run build` makes the caches for
// the Node it runs on; under any other the scripts are compiled. All other parts are scripts of
// their own, read when they are asked for.
//
// Note that the parts of a pack run all at once, in one scope, when the first of them is asked for,
// because an object of exports for each, and each use of another part through it, takes longer.
const { readFileSync } = require("node:fs");
const { availableParallelism } = require("node:os");
const { join } = require("node:path");
const { Script } = require("node:vm");

// Layers are compressed on libuv's threads, of which there are four unless said otherwise before the first is used; a few more let files be read meanwhile.
// The worker process gets the same from executor-native/start-worker.ts. A program that uses the library decides for itself.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2));

const directory = join(__dirname, "command");

/** Parts of Node that most builds never use, each a quarter to two milliseconds to load. Their names are looked up when they are used. */
const LATE = new Set(["node:child_process", "node:fs/promises", "node:timers/promises", "node:worker_threads", "node:zlib"]);

/** What the program has of `node:module`: a `require` that looks for packages from here, which is the one there is. */
const OWN_REQUIRE = { createRequire: () => require };

/** The program's parts that were asked for, by name. */
const modules = new Map();

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Stands in the program for `import.meta`, as if it stood here, and for Node's `performance`, which takes a millisecond to load and is only asked for the time. */
const launcher = {
  get url() {
    return require("node:url").pathToFileURL(__filename).href;
  },
  performance: { now, timeOrigin: Date.now() - now() },
};

function compile(name, cachedData) {
  const filename = join(directory, `${name}.cjs`);
  // Bundles are pure ASCII. V8 checks a cache against its own version, flags and the length of the source, and compiles where it does not fit.
  return new Script(readFileSync(filename, "latin1"), { filename, cachedData });
}

/** The pack that every command needs. It has a table of the parts that are in others. */
const FIRST = "start";

/** The packs that were read, by name: the script, the names of its parts, and the function that runs them. */
const packs = new Map();

function readPack(name) {
  let script;
  try {
    script = compile(name, readFileSync(join(directory, `${name}.${process.versions.v8}-${process.arch}.cache`)));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    script = compile(name);
  }
  const pack = { script, ...script.runInThisContext() };
  packs.set(name, pack);
  return pack;
}

/** Name of the part that runs at every start. */
const MAIN = "main";

function load(id) {
  if (!id.startsWith("./")) return LATE.has(id) ? late(id) : id === "node:module" ? OWN_REQUIRE : require(id);
  const name = id.slice("./".length, -".js".length);
  const known = modules.get(name);
  if (known) return known.exports;
  const first = packs.get(FIRST) ?? readPack(FIRST);
  const pack = first.names.includes(name) ? FIRST : first.table[name];
  if (pack !== undefined) {
    runPack(packs.get(pack) ?? readPack(pack));
    return modules.get(name).exports;
  }
  const module = { exports: {} };
  const part = (name === MAIN && first[MAIN]) || compile(name).runInThisContext();
  part(module.exports, load, module, launcher);
  modules.set(name, module);
  return module.exports;
}

/** Runs all parts of a pack. */
function runPack(pack) {
  const parts = pack.run(load, launcher);
  for (const name of pack.names) modules.set(name, { exports: parts[name] });
}

/**
 * A module that is loaded when one of its names is asked for: of itself, or, where a bundle says `import * as`, of an object that the bundle makes with
 * the same prototype and the module's own names, which there are none of yet.
 */
function late(id) {
  const names = new Proxy({}, { get: (_, name) => (name === "__esModule" ? undefined : require(id)[name]), getPrototypeOf: () => names });
  return names;
}

/** Runs the program with the arguments of this process. */
function start() {
  modules.delete("main");
  load("./main.js");
}

// scripts/code-cache.mjs runs it, too.
module.exports = { start, packs, modules };
if (require.main === module) start();
