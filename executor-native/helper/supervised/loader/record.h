/*
 * The request that the supervisor writes into the loader's memory after exec, before the loader
 * runs. It stays there while the process lives: who asks for /proc/self/exe gets `program`.
 */
#ifndef TSBUILD_SUPERVISED_LOADER_RECORD_H
#define TSBUILD_SUPERVISED_LOADER_RECORD_H

#include <stdint.h>

#define LOADER_PATH_ROOM 4096
#define LOADER_WORDS_ROOM 8192

struct loader_record {
	char program[LOADER_PATH_ROOM]; /* file to load, as a path of the step */
	char name[LOADER_PATH_ROOM];    /* the name that exec was called with (AT_EXECFN) */
	uint32_t word_count;            /* words that come in the place of the first argument */
	uint32_t is_set_id;             /* AT_SECURE */
	char words[LOADER_WORDS_ROOM];  /* each ended by NUL */
};

#endif
