#!/usr/bin/env node
"use strict";
// The `tsbuild` command (dist/cli.cjs). Starts the program from one script with V8's code cache, which saves what compiling half a megabyte of
// JavaScript costs at every start; `npm run build` makes the cache for the Node it runs on. Under any other Node the program starts from its ES
// modules instead, which are read piece by piece.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { availableParallelism } = require("node:os");
const { join } = require("node:path");
const { Script } = require("node:vm");

// Layers are compressed on libuv's threads, of which there are four unless said otherwise before the first is used; a few more let files be read meanwhile.
// The worker process gets the same from executor-native/start-worker.ts. A program that uses the library decides for itself.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism() + 2));

function start() {
  const file = join(__dirname, "main.cjs");
  let cachedData;
  try {
    cachedData = readFileSync(join(__dirname, `main.${process.versions.v8}-${process.arch}.cache`));
  } catch {
    return import("./main.js");
  }
  // The bundle is pure ASCII. V8 checks the cache against its own version, flags and the length of the source, and compiles where it does not fit.
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "latin1")}\n})`, {
    filename: file,
    cachedData,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, __dirname);
  return undefined;
}

void start();
