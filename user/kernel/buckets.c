/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "buckets.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"

/* 2^4 buckets at least; half full when made. */
#define MIN_BITS    4
#define MAX_BITS    24
#define FILL_PLACES 2
/* Room for names that resolve to more addresses later, before all is built anew. */
#define HEADROOM 1024

struct egret_target target_of(const struct compiled *compiled, const struct egret_dest *dest)
{
	struct egret_target target = {.dest = *dest};

	if (dest->count)
		target.head = compiled->ports[dest->first];
	return target;
}

struct egret_target target_of_addr(const struct compiled *compiled, const struct egret_addr *addr,
				   const struct egret_dest *dest)
{
	struct egret_target target = target_of(compiled, dest);

	if (dest->flags & EGRET_DEST_RESOLVER)
		target.served_by = compiled_served_by(compiled, addr);
	return target;
}

static uint32_t index_of(const struct buckets *buckets, const __u64 hash_keys[4], const struct egret_addr *addr)
{
	__u64 halves[2], keys[2] = {hash_keys[0], hash_keys[1]};

	memcpy(halves, addr, sizeof(halves));
	return egret_bucket_index(halves[0], halves[1], keys, buckets->shift);
}

/* The place where @addr lives, or -1. */
static int place_of(const struct egret_bucket *bucket, const struct egret_addr *addr)
{
	for (int i = 0; i < EGRET_BUCKET_PLACES; i++)
		if (bucket->targets[i].dest.flags & EGRET_DEST_LIVE && addr_equal(&bucket->addrs[i], addr))
			return i;
	return -1;
}

static int free_place(const struct egret_bucket *bucket)
{
	for (int i = 0; i < EGRET_BUCKET_PLACES; i++)
		if (!(bucket->targets[i].dest.flags & EGRET_DEST_USED))
			return i;
	return -1;
}

static void put(struct egret_bucket *bucket, int place, const struct egret_addr *addr,
		const struct egret_target *target)
{
	bucket->addrs[place] = *addr;
	bucket->targets[place] = *target;
	bucket->targets[place].dest.flags |= EGRET_DEST_USED | EGRET_DEST_LIVE;
}

static int fill(struct buckets *buckets, const __u64 hash_keys[4], const struct compiled *compiled,
		struct egret_bucket *table)
{
	for (size_t i = 0; i < compiled->addr_count; i++) {
		const struct compiled_addr *entry = &compiled->addrs[i];
		uint32_t index = index_of(buckets, hash_keys, &entry->addr);
		struct egret_target target = target_of_addr(compiled, &entry->addr, &entry->dest);
		int probe = 0, place;

		while ((place = free_place(&table[index + probe])) < 0 && ++probe < EGRET_BUCKET_PROBES)
			;
		if (place < 0)
			return -ENOSPC;
		put(&table[index + probe], place, &entry->addr, &target);
		buckets->used++;
	}
	return 0;
}

static int make_of_size(const struct compiled *compiled, const __u64 hash_keys[4], unsigned int bits,
			struct buckets *ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE);
	struct buckets buckets = {.shift = 64 - bits, .count = (1U << bits) + EGRET_BUCKET_PROBES - 1};
	size_t size = (size_t)buckets.count * sizeof(struct egret_bucket);
	void *table;
	int rc;

	buckets.fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "egret_addrs", sizeof(uint32_t), sizeof(struct egret_bucket),
				    buckets.count, &options);
	if (buckets.fd < 0)
		return -errno;
	table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buckets.fd, 0);
	rc = table == MAP_FAILED ? -errno : fill(&buckets, hash_keys, compiled, table);
	if (table != MAP_FAILED)
		munmap(table, size); /* it would count as the agent's memory */
	if (rc) {
		close(buckets.fd);
		return rc;
	}
	*ret = buckets;
	return 0;
}

int buckets_make(const struct compiled *compiled, const __u64 hash_keys[4], struct buckets *ret)
{
	size_t wanted = (compiled->addr_count + compiled->addr_count / 2 + HEADROOM) / FILL_PLACES;
	unsigned int bits = MIN_BITS;
	int rc;

	while (bits < MAX_BITS && (size_t)1 << bits < wanted)
		bits++;
	/* The hash may crowd some buckets: then the next size is taken. */
	do
		rc = make_of_size(compiled, hash_keys, bits++, ret);
	while (rc == -ENOSPC && bits <= MAX_BITS);
	return rc;
}

static int read_bucket(const struct buckets *buckets, uint32_t index, struct egret_bucket *ret)
{
	return bpf_map_lookup_elem(buckets->fd, &index, ret) ? -errno : 0;
}

static int write_bucket(const struct buckets *buckets, uint32_t index, const struct egret_bucket *bucket)
{
	return bpf_map_update_elem(buckets->fd, &index, bucket, BPF_ANY) ? -errno : 0;
}

/* The bucket in which @addr lives, and its index. */
static int find(const struct buckets *buckets, uint32_t first, const struct egret_addr *addr,
		struct egret_bucket *ret_bucket, uint32_t *ret_index)
{
	for (uint32_t index = first; index < first + EGRET_BUCKET_PROBES; index++) {
		int rc = read_bucket(buckets, index, ret_bucket);

		if (rc)
			return rc;
		if (place_of(ret_bucket, addr) >= 0) {
			*ret_index = index;
			return 0;
		}
		if (free_place(ret_bucket) >= 0)
			return -ENOENT;
	}
	return -ENOENT;
}

static int insert(struct buckets *buckets, uint32_t first, const struct egret_addr *addr,
		  const struct egret_target *target)
{
	for (uint32_t index = first; index < first + EGRET_BUCKET_PROBES; index++) {
		struct egret_bucket bucket;
		int rc = read_bucket(buckets, index, &bucket), place;

		if (rc)
			return rc;
		place = free_place(&bucket);
		if (place < 0)
			continue;
		put(&bucket, place, addr, target);
		buckets->used++;
		return write_bucket(buckets, index, &bucket);
	}
	return -ENOSPC;
}

int buckets_set(struct buckets *buckets, const __u64 hash_keys[4], const struct egret_addr *addr,
		const struct egret_target *target)
{
	uint32_t first = index_of(buckets, hash_keys, addr), index;
	struct egret_bucket bucket;
	int rc, place;

	rc = find(buckets, first, addr, &bucket, &index);
	if (rc && rc != -ENOENT)
		return rc;
	if (rc == -ENOENT)
		return target ? insert(buckets, first, addr, target) : 0;
	place = place_of(&bucket, addr);
	/* Until the old place goes, readers stop at it: it stands before the new one. */
	if (target) {
		rc = insert(buckets, first, addr, target);
		if (!rc)
			rc = read_bucket(buckets, index, &bucket);
		if (rc)
			return rc;
	}
	bucket.targets[place].dest.flags &= ~EGRET_DEST_LIVE;
	return write_bucket(buckets, index, &bucket);
}

int buckets_find(const struct buckets *buckets, const __u64 hash_keys[4], const struct egret_addr *addr,
		 struct egret_target *ret)
{
	struct egret_bucket bucket;
	uint32_t index;
	int rc = find(buckets, index_of(buckets, hash_keys, addr), addr, &bucket, &index);

	if (rc)
		return rc;
	*ret = bucket.targets[place_of(&bucket, addr)];
	return 0;
}

void buckets_each(int fd,
		  void (*visit)(void *context, const struct egret_addr *addr, const struct egret_target *target),
		  void *context)
{
	struct egret_bucket bucket;

	for (uint32_t index = 0; !bpf_map_lookup_elem(fd, &index, &bucket); index++) {
		for (int i = 0; i < EGRET_BUCKET_PLACES; i++)
			if (bucket.targets[i].dest.flags & EGRET_DEST_LIVE)
				visit(context, &bucket.addrs[i], &bucket.targets[i]);
	}
}
