#include "sandbox/capabilities.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/* The kernel's structures hold a mask in two halves. */
#define HALVES _LINUX_CAPABILITY_U32S_3
#define HALF_BITS 32

/* Drops a capability; false for a number past the last one that this kernel knows. */
static bool drop(int capability)
{
	if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
		return true;
	if (errno != EINVAL)
		fail_errno("exec/sandbox-setup", "Cannot drop capability %d", capability);
	return false;
}

void limit_bounding_set(uint64_t mask)
{
	for (int capability = 0; capability < HALVES * HALF_BITS; capability++)
		if (!(mask & CAPABILITY(capability)) && !drop(capability))
			return;
}

void limit_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[HALVES], data[HALVES];
	if (syscall(SYS_capget, &header, now) < 0)
		fail_errno("exec/sandbox-setup", "Cannot read this process's capabilities");
	for (int i = 0; i < HALVES; i++) {
		uint32_t part = (uint32_t)(mask >> (HALF_BITS * i)) & now[i].permitted;
		data[i] = (struct __user_cap_data_struct){.effective = part, .permitted = part};
	}
	if (syscall(SYS_capset, &header, data) < 0)
		fail_errno("exec/sandbox-setup", "Cannot limit the capabilities");
}
