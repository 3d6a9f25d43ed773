import { CallError, type HclFunction } from "../evaluate/scope.js";
import { string } from "../values/value.js";
import { PASSWORD_FUNCTIONS } from "./bcrypt.js";
import { COLLECTION_FUNCTIONS } from "./collections.js";
import { dateFunctions } from "./dates.js";
import { ANY, define, NUMERIC } from "./define.js";
import { ENCODING_FUNCTIONS } from "./encoding.js";
import { FORMAT_FUNCTIONS } from "./format.js";
import { NETWORK_FUNCTIONS } from "./networks.js";
import { NUMBER_FUNCTIONS } from "./numbers.js";
import { PATTERN_FUNCTIONS } from "./patterns.js";
import { SET_FUNCTIONS } from "./sets.js";
import { TEXT_FUNCTIONS } from "./text.js";
import { LAZY_FUNCTIONS } from "./types.js";
import { VERSION_FUNCTIONS } from "./versions.js";

/** The world as far as functions ask for it. */
export interface World {
  /** Returns milliseconds since the epoch. */
  now(): number;
  /** Home directory of the user. */
  readonly home: string;
}

function refuse(message: string): never {
  throw new CallError(message);
}

/** Functions of buildx that cannot work here. */
const REFUSED: Readonly<Record<string, HclFunction>> = {
  byteslen: define([ANY("buf")], () => refuse("bytes are required, and no function makes them; strlen() counts letters")),
  bytesslice: define([ANY("buf"), NUMERIC("offset"), NUMERIC("length")], () =>
    refuse("bytes are required, and no function makes them; substr() cuts a text"),
  ),
};

/** Returns the functions of bake files, by name: those of buildx. */
export function standardFunctions(world: World): ReadonlyMap<string, HclFunction> {
  return new Map<string, HclFunction>(
    Object.entries({
      ...NUMBER_FUNCTIONS,
      ...TEXT_FUNCTIONS,
      ...PATTERN_FUNCTIONS,
      ...COLLECTION_FUNCTIONS,
      ...SET_FUNCTIONS,
      ...ENCODING_FUNCTIONS,
      ...PASSWORD_FUNCTIONS,
      ...FORMAT_FUNCTIONS,
      ...NETWORK_FUNCTIONS,
      ...VERSION_FUNCTIONS,
      ...dateFunctions(world.now),
      homedir: define([], () => string(world.home)),
      ...LAZY_FUNCTIONS,
      ...REFUSED,
    }),
  );
}
