import { systemErrorCode } from "../errors.js";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOENT: "there is no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  EEXIST: "it is there already",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the quota of the disk is used up",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is a program that is running",
  EMFILE: "too many files are open",
  EIO: "the disk reports an error",
};

/**
 * Returns why a system call failed, for the end of a sentence that names the file. Returns the
 * message of any other error.
 */
export function systemReason(error: unknown): string {
  const known = REASONS[systemErrorCode(error) ?? ""];
  return known ?? (error instanceof Error ? error.message : String(error));
}
