/* The system calls of a step whose paths are translated, each by a function of its own. */
#ifndef TSBUILD_SUPERVISED_ANSWERS_H
#define TSBUILD_SUPERVISED_ANSWERS_H

#include "chroot/answers.h"

#define ANSWER(name) struct answer name(const struct monitor *monitor, const struct call *call)

/* Opening files (open.c). */
ANSWER(translate_open);
ANSWER(translate_openat);
ANSWER(translate_openat2);
ANSWER(translate_creat);

/* Facts of files (status.c). */
ANSWER(translate_stat);
ANSWER(translate_lstat);
ANSWER(translate_fstat);
ANSWER(translate_newfstatat);
ANSWER(translate_statx);
ANSWER(translate_access);
ANSWER(translate_faccessat);
ANSWER(translate_faccessat2);
ANSWER(translate_readlink);
ANSWER(translate_readlinkat);
ANSWER(translate_statfs);

/* Changes of files (changes.c). */
ANSWER(translate_chmod);
ANSWER(translate_fchmod);
ANSWER(translate_fchmodat);
ANSWER(translate_fchmodat2);
ANSWER(translate_chown);
ANSWER(translate_lchown);
ANSWER(translate_fchown);
ANSWER(translate_fchownat);
ANSWER(translate_truncate);
ANSWER(translate_utime);
ANSWER(translate_utimes);
ANSWER(translate_futimesat);
ANSWER(translate_utimensat);

/* Extended attributes (attributes.c). */
ANSWER(translate_setxattr);
ANSWER(translate_lsetxattr);
ANSWER(translate_fsetxattr);
ANSWER(translate_getxattr);
ANSWER(translate_lgetxattr);
ANSWER(translate_fgetxattr);
ANSWER(translate_listxattr);
ANSWER(translate_llistxattr);
ANSWER(translate_flistxattr);
ANSWER(translate_removexattr);
ANSWER(translate_lremovexattr);
ANSWER(translate_fremovexattr);

/* Names of files (names.c). */
ANSWER(translate_mkdir);
ANSWER(translate_mkdirat);
ANSWER(translate_rmdir);
ANSWER(translate_unlink);
ANSWER(translate_unlinkat);
ANSWER(translate_symlink);
ANSWER(translate_symlinkat);
ANSWER(translate_mknod);
ANSWER(translate_mknodat);
ANSWER(translate_rename);
ANSWER(translate_renameat);
ANSWER(translate_renameat2);
ANSWER(translate_link);
ANSWER(translate_linkat);

/* Directories of processes, and programs (directory.c, execute.c). */
ANSWER(translate_chdir);
ANSWER(translate_getcwd);
ANSWER(translate_execve);
ANSWER(translate_execveat);

#endif
