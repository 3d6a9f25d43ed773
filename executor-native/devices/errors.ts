import { TsbuildError } from "../../core/errors.js";

export function devicesNotGiven(device: string, file: string, what: readonly string[]): TsbuildError {
  return new TsbuildError("exec/device", `Cannot give the step the device "${device}": ${file} wants ${what.join(", ")} for it`, {
    hint: "Programs of a specification are not run here; make it without them, as nvidia-ctk cdi generate does with --disable-hook=all",
  });
}

export function deviceFileMissing(device: string, file: string, path: string, found: string): TsbuildError {
  return new TsbuildError("exec/device", `Cannot give the step the device "${device}": ${path}, which ${file} names, ${found}`, {
    hint: `Correct ${file}, or load the driver that makes the file`,
  });
}
