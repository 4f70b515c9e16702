// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What Egret needs of a machine, asked before anything is tried. */
#include "kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/capability.h>

/* Inner maps of different sizes; sk_storage in sock_create came in 5.9. */
#define OLDEST_MAJOR 5
#define OLDEST_MINOR 10

static uint64_t effective_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	uint64_t caps = 0;
	char line[256];

	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1)
			break;
	fclose(status);
	return caps;
}

static bool has_capability(uint64_t caps, int which)
{
	return caps & (UINT64_C(1) << which);
}

static int check_capabilities(struct error *error)
{
	uint64_t caps = effective_capabilities();

	if (has_capability(caps, CAP_SYS_ADMIN) && has_capability(caps, CAP_NET_ADMIN))
		return 0;
	return error_set(error, -EPERM,
			 "Egret needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN) to load its programs and to "
			 "pin them; run it with sudo, or in a privileged container");
}

static int check_version(struct error *error)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return error_set(error, -ENOSYS, "cannot tell the version of this kernel");
	if (major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR))
		return 0;
	return error_set(error, -ENOSYS, "this kernel is %s, and Egret needs %d.%d or newer; update the node image",
			 name.release, OLDEST_MAJOR, OLDEST_MINOR);
}

/* Does a program load that reads the kernel's memory? bpf_probe_read_kernel came in 5.5; lockdown_reasons names
 * it "use of bpf to read kernel RAM", and the verifier knows it no longer then (5.13, and 5.10.43 on). */
static bool may_read_kernel(void)
{
	const struct bpf_insn instructions[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
	    {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3, .imm = 0},
	    {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, NULL, "GPL", instructions,
			       sizeof(instructions) / sizeof(instructions[0]), NULL);

	if (fd >= 0)
		close(fd);
	/* Another error is not about this, and is told when the programs are loaded. */
	return fd >= 0 || errno != EINVAL;
}

static int check_lockdown(struct error *error)
{
	if (may_read_kernel())
		return 0;
	return error_set(
	    error, -ENOSYS,
	    "this kernel lets no BPF program read its memory, as with lockdown=confidentiality, and Egret's "
	    "must read there which addresses are the node's own; boot it with lockdown=integrity (see "
	    "/sys/kernel/security/lockdown)");
}

int kernel_supported(struct error *error)
{
	int rc;

	rc = check_capabilities(error);
	if (rc)
		return rc;
	rc = check_version(error);
	if (rc)
		return rc;
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return error_set(error, -ENOSYS,
				 "this kernel has no BTF (/sys/kernel/btf/vmlinux), which the programs "
				 "are fitted to; use a kernel with CONFIG_DEBUG_INFO_BTF=y");
	rc = check_lockdown(error);
	return rc ? rc : kernel_check_bpffs(error);
}
