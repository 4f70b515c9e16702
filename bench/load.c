// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * load [NFT]: 100k addresses brought into force, and one of them changed, beside what
 * the program NFT takes for the same set; rounds interleaved. From a text in memory
 * for Egret, from a file for nft, and with nft's own start, which is part of it for
 * whoever calls it.
 *
 * Runs in a network namespace and a folder of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "policies.h"
#include "report.h"

#define INSTANCE    "load"
#define ADDRESSES   100000
#define NAMES       10000
#define ROUNDS      5
#define CHANGES     3000 /* less than the tables have room for */
#define NFT_CHANGES 3    /* a round */

/* Bars of the design, section 8. */
#define BAR_LOAD_MS     100
#define BAR_LOAD_RATIO  0.1
#define BAR_ONE_CHANGED 10

enum source { LISTED, NAMED, SOURCES };

static const char *const sources[SOURCES] = {
    [LISTED] = "100k addresses that rules list",
    [NAMED] = "100k addresses of 10k names",
};

enum nft_set { PLAIN, SAME_WORK, NFT_SETS };

/* SAME_WORK: with the ports that Egret's policy has for each address. */
static const struct {
	const char *text, *type, *entry, *match;
} nft_sets[NFT_SETS] = {
    [PLAIN] = {"nft -f, addresses alone", "ipv4_addr", "%u.%u.%u.%u", "ip daddr"},
    [SAME_WORK] = {"nft -f, with protocols and ports", "ipv4_addr . inet_proto . inet_service",
		   "%1$u.%2$u.%3$u.%4$u . tcp . 443, %1$u.%2$u.%3$u.%4$u . udp . 123",
		   "ip daddr . meta l4proto . th dport"},
};

static double cpu_ms[SOURCES][ROUNDS], read_cpu_ms[SOURCES][ROUNDS], wall_ms[SOURCES][ROUNDS];
static double nft_ms[NFT_SETS][ROUNDS], nft_add_us[ROUNDS * NFT_CHANGES];
static double change_us[CHANGES];

static double cpu_now_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void load_once(struct kernel *kernel, enum source source, int round)
{
	struct bench_policy policy;
	double began, read, done;
	uint64_t since;

	if (source == LISTED)
		policy_of_addresses(&policy, ADDRESSES);
	else
		policy_of_names(&policy, NAMES, ADDRESSES / NAMES);
	since = clock_now_ns();
	began = cpu_now_ms();
	policy_read(&policy);
	read = cpu_now_ms();
	policy_compile(&policy, kernel);
	policy_install(&policy, kernel);
	done = cpu_now_ms();
	wall_ms[source][round] = (clock_now_ns() - since) / 1e6;
	read_cpu_ms[source][round] = read - began;
	cpu_ms[source][round] = done - read;
	policy_drop(&policy);
}

/* Takes turns: a new address, the same with another name, and gone again. */
static void change_one(struct kernel *kernel, struct bench_policy *policy, int n)
{
	static const char *const names[2][2] = {{"n1.bench.example"}, {"n1.bench.example", "n2.bench.example"}};
	struct egret_addr addr = addr_from_v4(htonl(POLICY_FIRST + ADDRESSES + n / 3));
	const size_t counts[3] = {1, 2, 0};
	size_t count = counts[n % 3];
	struct egret_dest dest;
	uint64_t since = clock_now_ns();

	if (compiled_address(policy->compiled, &addr, names[count == 2], count, &dest))
		die("compiled_address");
	if (kernel_set_address(kernel, policy->compiled, &addr, &dest))
		die("kernel_set_address");
	change_us[n] = (clock_now_ns() - since) / 1e3;
}

static void change_many(struct kernel *kernel)
{
	struct bench_policy policy;

	policy_of_names(&policy, NAMES, ADDRESSES / NAMES);
	policy_read(&policy);
	policy_compile(&policy, kernel);
	policy_install(&policy, kernel);
	for (int i = 0; i < CHANGES; i++)
		change_one(kernel, &policy, i);
	policy_drop(&policy);
}

/* ms that a program took, its start included. */
static double run_ms(char *const argv[])
{
	uint64_t since = clock_now_ns();
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	if (waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr, "load: %s failed\n", argv[0]);
		exit(1);
	}
	return (clock_now_ns() - since) / 1e6;
}

static double nft_command_ms(char *nft, char *command)
{
	return run_ms((char *[]){nft, command, NULL});
}

static char nft_rules[NFT_SETS][32] = {"rules-XXXXXX", "rules-XXXXXX"};

static void write_nft_rules(enum nft_set set)
{
	int fd = mkstemp(nft_rules[set]);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		die("mkstemp");
	fprintf(file, "table ip bench {\n set allowed { type %s; elements = {", nft_sets[set].type);
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		uint32_t addr = POLICY_FIRST + i;

		fputs(i ? "," : "", file);
		fprintf(file, nft_sets[set].entry, addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
	}
	fprintf(file, "} }\n chain out { type filter hook output priority 0; policy drop; %s @allowed accept; }\n}\n",
		nft_sets[set].match);
	if (fclose(file))
		die(nft_rules[set]);
}

static void nft_round(char *nft, int round)
{
	char command[96];

	for (int set = 0; set < NFT_SETS; set++) {
		nft_command_ms(nft, "flush ruleset");
		nft_ms[set][round] = run_ms((char *[]){nft, "-f", nft_rules[set], NULL});
		for (int i = 0; i < NFT_CHANGES && set == PLAIN; i++) {
			snprintf(command, sizeof(command), "add element ip bench allowed { 30.0.%d.%d }", round, i);
			nft_add_us[round * NFT_CHANGES + i] = nft_command_ms(nft, command) * 1e3;
		}
	}
	nft_command_ms(nft, "flush ruleset");
}

static void measure_nft(struct kernel *kernel, char *nft)
{
	for (int set = 0; set < NFT_SETS; set++)
		write_nft_rules(set);
	for (int round = 0; round < ROUNDS; round++) {
		for (int source = 0; source < SOURCES; source++)
			load_once(kernel, source, round);
		nft_round(nft, round);
	}
	for (int set = 0; set < NFT_SETS; set++)
		unlink(nft_rules[set]);
}

static void measure_alone(struct kernel *kernel)
{
	for (int round = 0; round < ROUNDS; round++)
		for (int source = 0; source < SOURCES; source++)
			load_once(kernel, source, round);
}

static void report_loads(void)
{
	char name[128];

	for (int source = 0; source < SOURCES; source++) {
		snprintf(name, sizeof(name), "%s, compiled and loaded: CPU", sources[source]);
		report(&(struct row){.name = name,
				     .value = median(cpu_ms[source], ROUNDS),
				     .unit = "ms",
				     .bar = BAR_LOAD_MS,
				     .steady = true});
		snprintf(name, sizeof(name), "%s, text read: CPU", sources[source]);
		report(&(struct row){.name = name, .value = median(read_cpu_ms[source], ROUNDS), .unit = "ms"});
		snprintf(name, sizeof(name), "%s, all of it: wall", sources[source]);
		report(&(struct row){.name = name, .value = median(wall_ms[source], ROUNDS), .unit = "ms"});
	}
}

static void report_nft(void)
{
	char name[128];

	for (int set = 0; set < NFT_SETS; set++) {
		snprintf(name, sizeof(name), "100k addresses by %s: wall", nft_sets[set].text);
		report(&(struct row){.name = name, .value = median(nft_ms[set], ROUNDS), .unit = "ms"});
		snprintf(name, sizeof(name), "100k addresses, text to force, Egret / %s: wall", nft_sets[set].text);
		report(&(struct row){.name = name,
				     .value = median_of_ratios(wall_ms[LISTED], nft_ms[set], ROUNDS),
				     .unit = "x",
				     .bar = BAR_LOAD_RATIO,
				     .steady = set == PLAIN,
				     .note = set == PLAIN ? NULL : "within the noise of its bar"});
	}
	report(&(struct row){.name = "one address added by nft add element",
			     .value = median(nft_add_us, ROUNDS * NFT_CHANGES),
			     .unit = "us",
			     .note = "with the start of nft"});
}

int main(int argc, char **argv)
{
	struct kernel *kernel;
	struct error error;

	if (kernel_claim(INSTANCE, KERNEL_ANY, &kernel, &error) || kernel_load(kernel, -1, &error))
		die(error.text);
	if (argc > 1)
		measure_nft(kernel, argv[1]);
	else
		measure_alone(kernel);
	change_many(kernel);
	report_loads();
	report(&(struct row){.name = "one address changed",
			     .value = median(change_us, CHANGES),
			     .unit = "us",
			     .bar = BAR_ONE_CHANGED,
			     .steady = true});
	if (argc > 1)
		report_nft();
	kernel_free(kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
