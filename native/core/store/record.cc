// Fill records: who leads, who reads, who waits for news; the window; the end of a fill without an object.
#include "core/store/inside.h"

namespace parapet::store {

Fill& Inside::led(FillRef ref) const {
  insist(ref.index != 0 && ref.index < root.fills_max);
  Fill& f = fill(ref.index);
  insist(f.generation.load(std::memory_order_acquire) == ref.generation && f.leading.load(std::memory_order_relaxed) != 0);
  return f;
}

u32 Inside::new_fill() const {
  u64 head = root.free_fill.load(std::memory_order_acquire);
  u32 record = static_cast<u32>(head);
  while (record != 0) {
    const u64 next = (((head >> 32) + 1) << 32) | fill(record).next_free.load(std::memory_order_relaxed);
    if (root.free_fill.compare_exchange_weak(head, next, std::memory_order_acq_rel, std::memory_order_acquire)) break;
    record = static_cast<u32>(head);
  }
  if (record == 0) {
    if (root.fresh_fill.load(std::memory_order_relaxed) >= root.fills_max) return 0;
    record = root.fresh_fill.fetch_add(1, std::memory_order_relaxed);
    if (record >= root.fills_max) return 0;
  }
  Fill& f = fill(record);
  u32 generation = 0;
  while (generation == 0) generation = root.generation.fetch_add(1, std::memory_order_relaxed) + 1;
  f.live.store(u64{generation} << 32, std::memory_order_relaxed);
  for (auto& word : f.armed) word.store(0, std::memory_order_relaxed);
  f.holders.store(1, std::memory_order_relaxed);
  f.readers.store(0, std::memory_order_relaxed);
  f.leader_waits.store(0, std::memory_order_relaxed);
  f.windowed.store(0, std::memory_order_relaxed);
  f.tail = 0;
  f.received = 0;
  f.announced = unknown_length;
  f.unstarted = f.successor = f.successor_generation = 0;
  f.leading.store(0, std::memory_order_relaxed);
  f.generation.store(generation, std::memory_order_release);
  root.fills_active.fetch_add(1, std::memory_order_relaxed);
  return record;
}

void Inside::leave(u32 record) const {
  Fill& f = fill(record);
  const u32 before = f.holders.fetch_sub(1, std::memory_order_acq_rel);
  insist(before != 0);
  if (before != 1) return;
  if (f.successor != 0) drop_pin(f.successor);
  f.generation.store(0, std::memory_order_release);
  root.fills_active.fetch_sub(1, std::memory_order_relaxed);
  u64 head = root.free_fill.load(std::memory_order_relaxed);
  u64 next = 0;
  do {
    f.next_free.store(static_cast<u32>(head), std::memory_order_relaxed);
    next = (((head >> 32) + 1) << 32) | record;
  } while (!root.free_fill.compare_exchange_weak(head, next, std::memory_order_acq_rel, std::memory_order_relaxed));
}

void Inside::count_reader(Fill& f) const {
  f.holders.fetch_add(1, std::memory_order_relaxed);
  f.readers.fetch_add(1, std::memory_order_relaxed);
  f.unstarted += 1;
}

// Arming and telling are two halves of one protocol: the reader arms and then looks again, the writer writes and then looks who is
// armed; both in the one order of sequential consistency, so that at least one of them sees the other.
void Inside::arm(Fill& f, u32 worker) const {
  if (worker >= config.workers_max) return;
  f.armed[worker / 64].fetch_or(u64{1} << (worker % 64), std::memory_order_seq_cst);
}

void Inside::tell(Fill& f) const {
  const u32 words = (config.workers_max + 63) / 64;
  for (u32 word = 0; word < words; ++word) {
    if (f.armed[word].load(std::memory_order_seq_cst) == 0) continue;
    u64 bits = f.armed[word].exchange(0, std::memory_order_seq_cst);
    for (u32 worker = word * 64; bits != 0; ++worker, bits >>= 1) {
      if ((bits & 1) == 0) continue;
      notify(worker, f.entry.load(std::memory_order_relaxed), f.entry_generation.load(std::memory_order_relaxed));
    }
  }
}

void Inside::uncharge(u32 record, u32 generation, u32 granules) const {
  Fill& f = fill(record);
  u64 live = f.live.load(std::memory_order_relaxed);
  do {
    if (static_cast<u32>(live >> 32) != generation) return;  // that fill is long over
  } while (!f.live.compare_exchange_weak(live, live - granules, std::memory_order_seq_cst, std::memory_order_relaxed));
  tell_leader_if_waiting(f);
}

void Inside::tell_leader_if_waiting(Fill& f) const {
  if (f.leader_waits.load(std::memory_order_seq_cst) == 0 || f.leader_waits.exchange(0, std::memory_order_seq_cst) == 0) return;
  const u32 worker = f.leader_worker.load(std::memory_order_relaxed);
  notify(worker, f.entry.load(std::memory_order_relaxed), f.entry_generation.load(std::memory_order_relaxed));
}

u32 Inside::take_start(Fill& f, Entry& e) const {
  if (f.windowed.load(std::memory_order_relaxed) == 0 || f.unstarted != 0) return 0;
  const u32 start = e.body_chunk;
  e.body_chunk = 0;
  return start;
}

void Inside::make_window(Fill& f) const {
  const u32 index = f.entry.load(std::memory_order_relaxed);
  Entry& e = entry(index);
  Shard& shard = shard_for(e.hash);
  bool was_linked = false;
  u32 start = 0;
  {
    const ShardGuard guard(*this, shard);
    was_linked = e.linked != 0;
    if (was_linked) unlink(shard, index);
    f.windowed.store(1, std::memory_order_seq_cst);
    start = take_start(f, e);
    shard.windowed += 1;
  }
  release_chunk(start);
  if (was_linked) drop_pin(index);
}

void Inside::end_fill(u32 record, EntryState state) const {
  Fill& f = fill(record);
  const u32 index = f.entry.load(std::memory_order_relaxed);
  Entry& e = entry(index);
  Shard& shard = shard_for(e.hash);
  bool was_linked = false;
  {
    const ShardGuard guard(*this, shard);
    was_linked = e.linked != 0;
    if (was_linked) unlink(shard, index);
    e.fill = 0;
    e.state.store(state, std::memory_order_seq_cst);
  }
  if (was_linked) drop_pin(index);
  finish(record);
}

void Inside::finish(u32 record) const {
  Fill& f = fill(record);
  f.leading.store(0, std::memory_order_relaxed);
  tell(f);
  const u32 tail = f.tail;
  f.tail = 0;
  release_chunk(tail);
  drop_pin(f.entry.load(std::memory_order_relaxed));
  leave(record);
}

}  // namespace parapet::store
