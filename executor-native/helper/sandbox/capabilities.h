/* Capabilities, as masks with the bit of each capability's number. */
#ifndef TSBUILD_SANDBOX_CAPABILITIES_H
#define TSBUILD_SANDBOX_CAPABILITIES_H

#include <linux/capability.h>
#include <stdint.h>

#define CAPABILITY(number) (1ull << (number))

/*
 * Limits what this process and its descendants can ever have, even through setuid programs and file
 * capabilities.
 */
void limit_bounding_set(uint64_t mask);

/* Leaves this process only these of the capabilities it has. */
void limit_capabilities(uint64_t mask);

#endif
