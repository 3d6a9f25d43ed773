/** Names of local file systems by their magic number in statfs(2). */
export const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: "ext4",
  0x58465342: "xfs",
  0x9123683e: "btrfs",
  0x01021994: "tmpfs",
  0x794c7630: "overlay",
  0x2fc12fc1: "zfs",
  0xf2f52010: "f2fs",
  0xca451a4e: "bcachefs",
};
/** Names of file systems that may be on another machine, by their magic number in statfs(2). */
export const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0x6969: "nfs",
  0xff534d42: "cifs",
  0xfe534d42: "smb2",
  0x517b: "smb",
  0x01021997: "9p",
  0x65735546: "fuse",
  0x00c36400: "ceph",
  0x5346414f: "afs",
  0x0bd00bd0: "lustre",
};
