import test from "ava";
import { choice } from "../../../llb/wire/fields.js";
import {
  bool,
  bytes,
  decode,
  encode,
  flags,
  int32,
  int32s,
  int64,
  many,
  message,
  messages,
  one,
  string,
  strings,
  texts,
  uint32,
} from "../../../llb/wire/message.js";
import { TsbuildError } from "../../../core/errors.js";

const PART = message("Part", { name: string(1), size: int64(2) });
const WHOLE = message("Whole", {
  text: string(16),
  data: bytes(2),
  yes: bool(3),
  small: int32(4),
  positive: uint32(5),
  large: int64(6),
  words: strings(7),
  numbers: int32s(8),
  part: one(9, PART),
  parts: many(10, PART),
  attrs: texts(11),
  caps: flags(12),
  byName: messages(13, PART),
  left: choice(uint32(1)),
  right: choice(one(14, PART)),
});

const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");

/** Values with their bytes as Go's `proto.MarshalOptions{Deterministic: true}` has them. */
const FORMS: readonly (readonly [Parameters<typeof encode<typeof WHOLE>>[1], string])[] = [
  [{}, ""],
  // Defaults are left out, but for messages, entries of maps, and in a oneof.
  [{ text: "", data: new Uint8Array(), yes: false, small: 0, positive: 0, large: 0, words: [], numbers: [], parts: [] }, ""],
  [{ part: {}, parts: [{}], left: 0 }, "4a0052000800"],
  [{ attrs: new Map([["", ""]]), caps: new Map([["a", false]]), byName: new Map([["b", {}]]) }, "5a040a00120062050a016110006a050a01621200"],
  // Numbers below zero have ten bytes.
  [{ small: -1 }, "20ffffffffffffffffff01"],
  [{ large: -1 }, "30ffffffffffffffffff01"],
  [{ numbers: [0, 1, 300] }, "42040001ac02"],
  // By number, and a oneof after all others.
  [{ left: 7, text: "é", yes: true, words: ["", "b"] }, "18013a003a0162820102c3a90807"],
  // Keys by their bytes: neither by numbers nor by UTF-16.
  [
    {
      attrs: new Map([
        ["10", "a"],
        ["9", "b"],
        ["\u{1f600}", "c"],
        ["\uffff", "d"],
        ["__proto__", "e"],
      ]),
    },
    "5a070a0231301201615a060a01391201625a0e0a095f5f70726f746f5f5f1201655a080a03efbfbf1201645a090a04f09f9880120163",
  ],
  [{ right: { name: "x", size: 2 ** 40 } }, "720a0a017810808080808020"],
];

for (const [index, [value, bytesInHex]] of FORMS.entries()) {
  test(`bytes are Go's, and are read again: ${index}: ${bytesInHex || "none"}`, (t) => {
    t.is(hex(encode(WHOLE, value)), bytesInHex);
    const read = decode(WHOLE, Buffer.from(bytesInHex, "hex"));
    t.is(hex(encode(WHOLE, read)), bytesInHex);
  });
}

/** Bytes that are refused, and a part of the message. */
const REFUSED: readonly (readonly [name: string, bytesInHex: string, RegExp])[] = [
  ["an unknown field", "f80101", /Whole: field 31 is not known/],
  ["an unknown field inside", "4a021801", /Part: field 3 is not known/],
  ["bytes that end in a tag", "80", /Whole/],
  ["bytes that end in a text", "820105", /Whole\.text/],
  ["a length beyond everything", "8201ffffffff0f", /Whole\.text/],
  ["text that is none", "820101ff", /Whole\.text/],
  ["another wire type", "2a0161", /Whole\.positive: it has the wire type 2 and not 0/],
  ["a group", "4b", /Whole\.part: it has the wire type 3/],
  ["field number 0", "0001", /Whole/],
  ["a message twice", "4a004a00", /Whole\.part: it stands there twice/],
  ["two members of a oneof", "08017200", /Whole: it has "left" and "right"/],
  ["a key twice", "5a030a01615a030a0161", /Whole\.attrs: "a" stands there twice/],
  ["a third member of an entry", "5a021801", /Whole\.attrs: field 3 of an entry is not known/],
  ["an endless number", "20ffffffffffffffffffffff01", /Whole\.small/],
];

for (const [name, bytesInHex, expected] of REFUSED) {
  test(`refused: ${name}`, (t) => {
    const error = t.throws(() => decode(WHOLE, Buffer.from(bytesInHex, "hex")), { instanceOf: TsbuildError });
    t.is(error?.code, "llb/not-a-definition");
    t.regex(error?.message ?? "", expected);
  });
}

test("numbers one by one are read as a run is", (t) => {
  t.deepEqual(decode(WHOLE, Buffer.from("4001400240034202 0405".replaceAll(" ", ""), "hex")).numbers, [1, 2, 3, 4, 5]);
});

test("an entry without key or value has the defaults", (t) => {
  const { attrs, caps, byName } = decode(WHOLE, Buffer.from("5a0062006a00", "hex"));
  t.deepEqual([...(attrs ?? [])], [["", ""]]);
  t.deepEqual([...(caps ?? [])], [["", false]]);
  t.deepEqual([...(byName ?? [])], [["", {}]]);
});
