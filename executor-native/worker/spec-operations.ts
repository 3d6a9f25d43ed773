// Made by scripts/generate/spec-operations.mjs from executor-native/helper/spec/operations.def.

type Decimal = number | bigint;

/** Operations of a sandbox's spec, each with its fields. */
export interface SpecOperations {
  readonly parent: readonly [pid: Decimal];
  readonly upper: readonly [directory: string];
  readonly work: readonly [directory: string];
  readonly lower: readonly [directory: string];
  readonly "readonly-root": readonly [readonly: boolean];
  readonly "working-root": readonly [folder: string];
  readonly "working-root-has": readonly [layers: Decimal];
  readonly "keep-failed": readonly [keep: boolean];
  readonly translated: readonly [translated: boolean];
  readonly emulated: readonly [machine: Decimal];
  readonly emulator: readonly [path: string];
  readonly bind: readonly [dest: string, readonly: boolean, source: string];
  readonly host: readonly [dest: string, readonly: boolean, selector: string, directory: string];
  readonly device: readonly [dest: string, readonly: boolean, source: string];
  readonly overlay: readonly [dest: string, readonly: boolean, selector: string];
  readonly "overlay-lower": readonly [directory: string];
  readonly tmpfs: readonly [dest: string, readonly: boolean, size: Decimal];
  readonly file: readonly [dest: string, readonly: boolean, uid: Decimal, gid: Decimal, mode: Decimal, content: Uint8Array];
  readonly arg: readonly [word: string];
  readonly env: readonly [variable: string];
  readonly cwd: readonly [path: string];
  readonly user: readonly [user: string];
  readonly group: readonly [gid: string];
  readonly input: readonly [input: boolean];
  readonly check: readonly [word: string];
  readonly terminal: readonly [rows: Decimal, columns: Decimal];
  readonly hostname: readonly [name: string];
  readonly hosts: readonly [text: string];
  readonly "resolv-conf": readonly [text: string];
  readonly network: readonly [host: boolean];
  readonly "joins-network": readonly [joins: boolean];
  readonly seccomp: readonly [limited: boolean];
  readonly "sys-writable": readonly [writable: boolean];
  readonly capabilities: readonly [mask: Decimal];
  readonly "user-namespace": readonly [uids: string, gids: string];
  readonly "outer-proc": readonly [outer: boolean];
  readonly masked: readonly [path: string];
  readonly readonly: readonly [path: string];
  readonly "shm-size": readonly [size: Decimal];
  readonly "open-files": readonly [limit: Decimal];
  readonly processor: readonly [number: string];
  readonly rlimit: readonly [name: string, soft: Decimal, hard: Decimal];
  readonly mapped: readonly [users: string, groups: string];
  readonly owners: readonly [file: string, supervised: boolean];
}
