// S3-FIFO (Yang et al., SOSP 2023): a small queue for newcomers, a main queue for what was asked for again, and ghosts of what left the
// small one. A hit only counts up three bits of the entry; entries move when room is needed. Measured on traces
// (bench/README.md), other than published: a smaller small queue, fewer ghosts, more hits counted, and a toll by size in the main queue.
// Everything here runs under the shard's lock.
#pragma once

#include "core/store/inside.h"

namespace parapet::store {

// Puts a complete, linked entry at the young end.
void enqueue(const Inside& in, Shard& shard, u32 index, QueueName name);
void dequeue(const Inside& in, Shard& shard, u32 index);
// The entry to evict next, still in its queue; 0: none that would free memory was met.
u32 choose_victim(const Inside& in, Shard& shard);

}  // namespace parapet::store
