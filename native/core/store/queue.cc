#include "core/store/queue.h"

namespace parapet::store {

namespace {

// A newcomer that was hit this often moves on to the main queue.
constexpr u8 hits_to_stay = 2;
// Share of a shard's bytes that newcomers may take before one of them leaves.
constexpr u64 small_percent = 5;
// Entries looked at under one hold of the lock.
constexpr u32 steps_max = 128;

Queue& queue_of(Shard& shard, u8 name) { return name == queue_small ? shard.small : shard.main; }

// What a round of the main queue costs an entry of its hits: the room of one large object serves many small ones.
u8 toll_of(const Queue& main, const Entry& entry) {
  const u64 size = u64{entry.granules} * main.count;  // against the average, without a division
  if (size > main.granules * 8) return 3;
  return size > main.granules * 2 ? 2 : 1;
}

void move_to_main(const Inside& in, Shard& shard, u32 index, u8 frequency) {
  dequeue(in, shard, index);
  in.entry(index).frequency.store(frequency, std::memory_order_relaxed);
  enqueue(in, shard, index, queue_main);
}

}  // namespace

void enqueue(const Inside& in, Shard& shard, u32 index, QueueName name) {
  Queue& queue = queue_of(shard, name);
  Entry& entry = in.entry(index);
  entry.queue = name;
  entry.before = queue.newest;
  entry.after = 0;
  if (queue.newest != 0) in.entry(queue.newest).after = index;
  else queue.oldest = index;
  queue.newest = index;
  queue.count += 1;
  queue.granules += entry.granules;
  shard.resident.fetch_add(entry.granules, std::memory_order_relaxed);
}

void dequeue(const Inside& in, Shard& shard, u32 index) {
  Entry& entry = in.entry(index);
  Queue& queue = queue_of(shard, entry.queue);
  if (entry.before != 0) in.entry(entry.before).after = entry.after;
  else queue.oldest = entry.after;
  if (entry.after != 0) in.entry(entry.after).before = entry.before;
  else queue.newest = entry.before;
  entry.queue = queue_none;
  entry.before = entry.after = 0;
  queue.count -= 1;
  queue.granules -= entry.granules;
  shard.resident.fetch_sub(entry.granules, std::memory_order_relaxed);
}

u32 choose_victim(const Inside& in, Shard& shard) {
  const u64 all = shard.small.count + shard.main.count;
  const u32 steps = all * 4 < steps_max ? static_cast<u32>(all * 4) : steps_max;
  u32 least = 0;
  u8 least_frequency = 0xff;
  for (u32 step = 0; step < steps; ++step) {
    // What was purged goes before anything that stands, also where the newcomers' turn would be.
    const u32 first = shard.main.oldest;
    if (first != 0 && in.entry(first).pins.load(std::memory_order_relaxed) == 1 && in.is_purged(in.entry(first))) return first;
    const bool from_small = shard.main.count == 0 || (shard.small.count != 0 && shard.small.granules * 100 >= shard.resident.load(std::memory_order_relaxed) * small_percent);
    const u32 index = from_small ? shard.small.oldest : shard.main.oldest;
    if (index == 0) return least;
    Entry& entry = in.entry(index);
    const u8 frequency = entry.frequency.load(std::memory_order_relaxed);
    if (entry.pins.load(std::memory_order_relaxed) > 1) {
      // Somebody reads it: unlinking would free nothing now, so it may as well go on to serve.
      move_to_main(in, shard, index, frequency);
    } else if (in.is_purged(entry)) {
      return index;
    } else if (from_small && frequency >= hits_to_stay) {
      move_to_main(in, shard, index, 0);
    } else if (const u8 toll = from_small ? 0xff : toll_of(shard.main, entry); frequency >= toll) {
      if (frequency < least_frequency) least_frequency = frequency, least = index;
      move_to_main(in, shard, index, static_cast<u8>(frequency - toll));
    } else {
      return index;
    }
  }
  // All of them were hit lately: the one that was least of all goes, so that there is always room for what comes.
  return least;
}

}  // namespace parapet::store
