import test from "ava";
import { holderIn } from "../../../cache/processes/lock-holder.js";

const LOCKS = `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF
1: -> FLOCK  ADVISORY  WRITE 4712 08:01:1234 0 EOF
2: POSIX  ADVISORY  WRITE 99 08:01:77 0 EOF
3: FLOCK  ADVISORY  WRITE 0 08:01:88 0 EOF
4: FLOCK  ADVISORY  WRITE 12 103:00:1234 0 EOF
`;

/** The number that stat gives for a device. */
const device = (major: number, minor: number): number => (major << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);

test("the holder of a file's flock is who the kernel says, by device and inode", (t) => {
  t.is(holderIn(LOCKS, { dev: device(8, 1), ino: 1234 }), 4711, "not who waits for it");
  t.is(holderIn(LOCKS, { dev: device(0x103, 0), ino: 1234 }), 12);
  t.is(holderIn(LOCKS, { dev: device(8, 2), ino: 1234 }), undefined);
  t.is(holderIn(LOCKS, { dev: device(8, 1), ino: 77 }), undefined, "another kind of lock");
  t.is(holderIn(LOCKS, { dev: device(8, 1), ino: 88 }), undefined, "a process of another namespace");
  t.is(holderIn("", { dev: 1, ino: 1 }), undefined);
});
