/**
 * Kinds of file-system objects that a layer or a context can hold. Sockets are not among them: tar
 * has no form for them.
 */
export type NodeType = "file" | "dir" | "symlink" | "char" | "block" | "fifo";

/** Seconds and nanoseconds since the epoch; `nsec` is 0…999,999,999 also before 1970. */
export interface Timestamp {
  readonly sec: number;
  readonly nsec: number;
}

/** Extended attributes, values base64; keys in code-unit order. */
export type Xattrs = Readonly<Record<string, string>>;

/**
 * Metadata of one file-system object. Paths are relative to the root, without leading or trailing
 * slash (`etc/passwd`); the root itself is `""`. Names that are not UTF-8 are surrogate-escaped:
 * byte 0x80+n becomes U+DC80+n, as in Python.
 */
export interface NodeMeta {
  readonly path: string;
  readonly type: NodeType;
  /** Permission bits with setuid, setgid and sticky: 0…0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file; 0 for everything else. */
  readonly size: number;
  readonly mtime: Timestamp;
  /** Target text of a symlink, as stored. */
  readonly link?: string;
  readonly xattrs?: Xattrs;
  /** Numbers of a char or block device. */
  readonly device?: { readonly major: number; readonly minor: number };
}

/** Returns true when both are equal in a layer but for their content: it keeps whole seconds. */
export function isSameNode(a: NodeMeta, b: NodeMeta): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.mtime.sec === b.mtime.sec &&
    a.link === b.link &&
    a.device?.major === b.device?.major &&
    a.device?.minor === b.device?.minor &&
    (a.xattrs === b.xattrs || JSON.stringify(a.xattrs ?? {}) === JSON.stringify(b.xattrs ?? {}))
  );
}
