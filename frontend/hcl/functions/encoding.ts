import { constants, createHash, privateDecrypt, randomUUID } from "node:crypto";
import { CallError, type EagerFunction } from "../evaluate/scope.js";
import { STRING, mapOf } from "../values/type.js";
import { convert } from "../values/convert.js";
import { fromJson, toJson } from "../values/json.js";
import { list, object, string, type Value } from "../values/value.js";
import { ANY_OR_NULL, define, type Functions, ofTexts } from "./define.js";

function hash(algorithm: string): EagerFunction {
  return ofTexts(["str"], (text) => string(createHash(algorithm).update(text).digest("hex")));
}

/** Returns a text as Go's url.QueryEscape writes it. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function decodeBase64(text: string): string {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replace(/[\r\n]/g, "")))
    throw new CallError("the text is not base64", 0);
  const bytes = Buffer.from(text, "base64");
  const decoded = bytes.toString("utf8");
  if (!Buffer.from(decoded).equals(bytes)) throw new CallError("the bytes are not text", 0);
  return decoded;
}

/** Reads lines of CSV (RFC 4180) with the names of the columns in the first. */
function decodeCsv(text: string): Value {
  const [head, ...rows] = csvRows(text);
  if (!head) throw new CallError("the first line names the columns, and there is none", 0);
  const objects = rows.map((row, i) => {
    if (row.length !== head.length) throw new CallError(`row ${i + 1} has ${row.length} values for ${head.length} columns`, 0);
    return object(head.map((name, column) => [name, string(row[column] as string)] as const));
  });
  const [first] = objects;
  return list(first?.type ?? convert(object([]), mapOf(STRING)).type, objects);
}

function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (let at = 0; at < text.length; at = field.lastIndex) {
    field.lastIndex = at;
    const found = field.exec(text);
    if (!found) throw new CallError(`line ${rows.length + 1} has a quote inside a value`, 0);
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") {
      if (field.lastIndex === text.length) row.push("");
      else continue;
    }
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** Namespaces of RFC 4122, appendix C. */
const NAMESPACES: Readonly<Record<string, string>> = {
  dns: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  url: "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
  oid: "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
  x500: "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
};

/** Returns the UUID of a name in a namespace (RFC 4122, version 5). */
function uuidOf(namespace: string, name: string): string {
  const known = Object.hasOwn(NAMESPACES, namespace) ? (NAMESPACES[namespace] as string) : namespace;
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(known))
    throw new CallError("the namespace is dns, url, oid, x500 or a UUID", 0);
  const bytes = createHash("sha1")
    .update(Buffer.from(known.replaceAll("-", ""), "hex"))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function decrypt(ciphertext: string, key: string): string {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(ciphertext, "base64")).toString("utf8");
  } catch {
    // The reason of the library helps an attacker more than the writer of the file.
    throw new CallError("the text cannot be decrypted with this key");
  }
}

export const ENCODING_FUNCTIONS: Functions = {
  base64encode: ofTexts(["str"], (text) => string(Buffer.from(text).toString("base64"))),
  base64decode: ofTexts(["str"], (text) => string(decodeBase64(text))),
  urlencode: ofTexts(["str"], (text) => string(urlEncode(text))),
  jsonencode: define([ANY_OR_NULL("val")], (value) => string(toJson(value))),
  jsondecode: ofTexts(["str"], (text) => {
    try {
      return fromJson(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new CallError(`the text is not JSON: ${error.message}`, 0);
    }
  }),
  csvdecode: ofTexts(["str"], (text) => decodeCsv(text)),
  md5: hash("md5"),
  sha1: hash("sha1"),
  sha256: hash("sha256"),
  sha512: hash("sha512"),
  uuidv4: define([], () => string(randomUUID())),
  uuidv5: ofTexts(["namespace", "name"], (namespace, name) => string(uuidOf(namespace, name))),
  rsadecrypt: ofTexts(["ciphertext", "privatekey"], (ciphertext, key) => string(decrypt(ciphertext, key))),
};
