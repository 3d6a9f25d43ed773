import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes certificates in a directory with openssl: the authorities `ca` and `other`, and `server`
 * and `client` of `ca`, for localhost. Returns the path of `NAME.pem` or `NAME.key`.
 */
export function makeCertificates(directory: string): (name: string) => string {
  const file = (name: string): string => join(directory, name);
  const run = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  const key = (name: string): string[] => ["-newkey", "rsa:2048", "-nodes", "-keyout", file(`${name}.key`), "-subj", `/CN=${name}`];
  const authority = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"];
  writeFileSync(file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  for (const name of ["ca", "other"]) run("req", "-x509", "-days", "1", ...key(name), "-out", file(`${name}.pem`));
  for (const name of ["server", "client"]) {
    run("req", ...key(name), "-out", file(`${name}.csr`));
    run("x509", "-req", "-in", file(`${name}.csr`), ...authority, "-days", "1", "-extfile", file("names"), "-out", file(`${name}.pem`));
  }
  return file;
}
