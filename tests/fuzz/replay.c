// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * In place of libFuzzer: runs a harness once on each of the files that are named. With the objects of the unit tests a
 * replay of the corpora costs no build of its own.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size >= 0)
		data = malloc(size ? (size_t)size : 1); /* exactly: one octet behind it is found */
	if (!data || fseek(file, 0, SEEK_SET) || fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	dprintf(STDOUT_FILENO, "Running %s\n", path); /* harnesses have their own stdout */
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	dprintf(STDOUT_FILENO, "Executed %s\n", path);
}

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	return 0;
}
