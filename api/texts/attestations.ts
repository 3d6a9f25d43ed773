import { parseBoolean } from "../../core/go-values/boolean.js";
import { type CsvPair, csvPairs } from "./csv.js";
import { notSupported } from "./errors.js";

interface AttestationTexts {
  readonly provenance?: string | undefined;
  readonly sbom?: string | undefined;
  readonly attest?: readonly string[];
}

/** Refuses attestations, which are not made yet. Accepts values that ask for none. */
export function refuseAttestations({ attest = [], ...kinds }: AttestationTexts): void {
  for (const name of ["provenance", "sbom"] as const) {
    const value = kinds[name];
    if (value !== undefined && parseBoolean(value) !== false) throw notSupported(`--${name}=${value}`, `--${name}=false builds without`);
  }
  for (const value of attest) {
    if (!csvPairs(value, `--attest "${value}"`).some(isDisabled)) throw notSupported(`--attest=${value}`);
  }
}

/** Returns true for `disabled=true` in a value of `--attest`. */
function isDisabled({ key, value = "" }: CsvPair): boolean {
  return key === "disabled" && parseBoolean(value) === true;
}
