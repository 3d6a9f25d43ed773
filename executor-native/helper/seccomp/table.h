/* Made by scripts/generate/seccomp-table.mjs from names.txt. */
#ifndef TSBUILD_SECCOMP_TABLE_H
#define TSBUILD_SECCOMP_TABLE_H

#include <linux/audit.h>
#include <stddef.h>
#include <stdint.h>

/* Stands for a call that an architecture lacks. */
#define NO_CALL 0xffffffffu

struct syscall_range {
	uint32_t first, last;
};

struct syscall_table {
	uint32_t architecture;
	const struct syscall_range *ranges;
	size_t count;
	uint32_t clone, clone3, personality, socket, socketcall, open, openat, setrlimit, prlimit64, ioctl;
	const uint32_t *changing; /* change a file system without a descriptor for writing */
	size_t changing_count;
	const uint32_t *pretended; /* answered with success where owners are virtual */
	size_t pretended_count;
};

#if defined(__x86_64__)
static const struct syscall_range x86_64_ranges[] = {
	{0, 40}, {42, 55}, {57, 102}, {104, 133}, {137, 138}, {140, 152}, {154, 154}, {157, 162}, {186, 211}, {213, 226},
	{228, 235}, {240, 245}, {247, 247}, {251, 255}, {257, 271}, {273, 278}, {280, 297}, {299, 299}, {301, 303}, {305, 307},
	{309, 311}, {314, 319}, {322, 322}, {324, 335}, {424, 424}, {434, 434}, {436, 437}, {439, 439}, {441, 441}, {444, 449},
	{451, 458}, {462, 466},
};

static const uint32_t x86_64_changing[] = {
	49, 76, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 132, 133, 188, 189, 190, 197,
	198, 199, 235, 258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 316, 437, 452,
};

static const struct syscall_range i386_ranges[] = {
	{0, 16}, {19, 20}, {23, 24}, {26, 27}, {29, 30}, {33, 33}, {36, 43}, {45, 47}, {49, 50}, {54, 55},
	{57, 57}, {60, 61}, {63, 66}, {70, 71}, {75, 78}, {80, 83}, {85, 85}, {90, 97}, {99, 100}, {104, 108},
	{114, 114}, {116, 119}, {122, 126}, {132, 133}, {138, 148}, {150, 165}, {168, 168}, {170, 187}, {190, 216}, {218, 221},
	{224, 250}, {252, 252}, {254, 263}, {265, 272}, {277, 282}, {284, 284}, {289, 293}, {295, 309}, {311, 316}, {318, 335},
	{337, 337}, {339, 341}, {343, 345}, {347, 348}, {351, 356}, {358, 358}, {360, 373}, {375, 386}, {393, 403}, {405, 414},
	{416, 424}, {434, 434}, {436, 437}, {439, 439}, {441, 441}, {444, 449}, {451, 458}, {462, 466},
};

static const uint32_t i386_changing[] = {
	8, 9, 10, 14, 15, 16, 30, 38, 39, 40, 83, 92, 94, 95, 182, 193, 198, 207, 212, 226,
	227, 228, 235, 236, 237, 271, 296, 297, 298, 299, 301, 302, 303, 304, 306, 320, 353, 361, 412, 437,
	452,
};

static const uint32_t i386_pretended[] = {
	16, 23, 46, 70, 71, 81, 95, 138, 139, 164, 170, 182, 198, 203, 204, 206, 207, 208, 210, 212,
	213, 214, 215, 216, 298,
};

static const struct syscall_table syscall_tables[] = {
	{AUDIT_ARCH_X86_64, x86_64_ranges, sizeof x86_64_ranges / sizeof x86_64_ranges[0], 56, 435, 135, 41, NO_CALL, 2, 257, 160, 302, 16, x86_64_changing, sizeof x86_64_changing / sizeof x86_64_changing[0], NULL, 0},
	{AUDIT_ARCH_I386, i386_ranges, sizeof i386_ranges / sizeof i386_ranges[0], 120, 435, 136, 359, 102, 5, 295, 75, 340, 54, i386_changing, sizeof i386_changing / sizeof i386_changing[0], i386_pretended, sizeof i386_pretended / sizeof i386_pretended[0]},
};
#elif defined(__aarch64__)
static const struct syscall_range aarch64_ranges[] = {
	{0, 17}, {19, 38}, {43, 57}, {59, 59}, {61, 88}, {90, 91}, {93, 96}, {98, 103}, {107, 111}, {113, 115},
	{117, 141}, {143, 160}, {163, 169}, {171, 197}, {199, 216}, {221, 223}, {226, 234}, {240, 240}, {242, 243}, {260, 261},
	{263, 264}, {266, 267}, {269, 271}, {274, 279}, {281, 281}, {283, 293}, {403, 403}, {405, 414}, {416, 424}, {434, 434},
	{436, 437}, {439, 439}, {441, 441}, {444, 449}, {451, 458}, {462, 466},
};

static const uint32_t aarch64_changing[] = {
	5, 6, 7, 14, 15, 16, 33, 34, 35, 36, 37, 38, 45, 52, 53, 54, 55, 88, 200, 276,
	412, 437, 452,
};

static const struct syscall_range arm_ranges[] = {
	{0, 16}, {19, 20}, {23, 24}, {26, 27}, {29, 30}, {33, 33}, {36, 43}, {45, 47}, {49, 50}, {54, 55},
	{57, 57}, {60, 61}, {63, 66}, {70, 71}, {75, 78}, {80, 83}, {85, 85}, {90, 97}, {99, 100}, {104, 108},
	{114, 114}, {116, 119}, {122, 122}, {124, 126}, {132, 133}, {138, 148}, {150, 165}, {168, 168}, {170, 187}, {190, 217},
	{219, 221}, {224, 248}, {250, 253}, {256, 261}, {263, 270}, {274, 280}, {282, 308}, {312, 312}, {314, 318}, {322, 336},
	{338, 343}, {345, 346}, {348, 363}, {365, 366}, {368, 370}, {372, 374}, {376, 377}, {380, 385}, {387, 387}, {389, 399},
	{403, 403}, {405, 414}, {416, 424}, {434, 434}, {436, 437}, {439, 439}, {441, 441}, {444, 449}, {451, 458}, {462, 466},
	{983041, 983042}, {983045, 983045},
};

static const uint32_t arm_changing[] = {
	8, 9, 10, 14, 15, 16, 30, 38, 39, 40, 83, 92, 94, 95, 182, 193, 198, 207, 212, 226,
	227, 228, 235, 236, 237, 269, 282, 323, 324, 325, 326, 328, 329, 330, 331, 333, 348, 382, 412, 437,
	452,
};

static const uint32_t arm_pretended[] = {
	16, 23, 46, 70, 71, 81, 95, 138, 139, 164, 170, 182, 198, 203, 204, 206, 207, 208, 210, 212,
	213, 214, 215, 216, 325,
};

static const struct syscall_table syscall_tables[] = {
	{AUDIT_ARCH_AARCH64, aarch64_ranges, sizeof aarch64_ranges / sizeof aarch64_ranges[0], 220, 435, 92, 198, NO_CALL, NO_CALL, 56, 164, 261, 29, aarch64_changing, sizeof aarch64_changing / sizeof aarch64_changing[0], NULL, 0},
	{AUDIT_ARCH_ARM, arm_ranges, sizeof arm_ranges / sizeof arm_ranges[0], 120, 435, 136, 281, 102, 5, 322, 75, 369, 54, arm_changing, sizeof arm_changing / sizeof arm_changing[0], arm_pretended, sizeof arm_pretended / sizeof arm_pretended[0]},
};
#else
#error "tsbuild's sandbox has system call tables for x86_64 and aarch64 only"
#endif

#endif
