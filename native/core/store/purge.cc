// Taking things out on request, after a worker's death, and counting what there is.
#include <algorithm>

#include "core/contract.gen.h"
#include "core/store/inside.h"

namespace parapet::store {

namespace {

void raise_to(std::atomic<u32>& epoch, u32 value) {
  u32 seen = epoch.load(std::memory_order_relaxed);
  while (seen < value && !epoch.compare_exchange_weak(seen, value, std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
}

}  // namespace

std::uint32_t Store::purge(std::uint64_t hash, Bytes key, bool soft) {
  const Inside in(*this);
  Shard& shard = in.shard_for(hash);
  u32 dropped[2] = {0, 0};
  u32 hit = 0;
  {
    const ShardGuard guard(in, shard);
    const Slot* slot = in.find(shard, hash, key);
    if (slot != nullptr) {
      Entry& e = in.entry(slot->entry);
      const bool is_object = e.state.load(std::memory_order_relaxed) == entry_complete;
      const u32 object = is_object ? slot->entry : 0;
      const u32 filling = is_object ? e.companion : slot->entry;
      // What is being fetched was asked for before the purge: it is not kept.
      if (filling != 0) {
        in.unlink(shard, dropped[0] = filling);
        hit += 1;
      }
      const bool is_marker = (e.flags & (object_flag::vary_marker | object_flag::pass_marker)) != 0;
      if (object != 0 && !in.is_gone(e)) hit += 1;
      if (object != 0 && soft && !is_marker) e.fresh_until.store(0, std::memory_order_relaxed);
      else if (object != 0) in.unlink(shard, dropped[1] = object);
    }
  }
  for (const u32 index : dropped) {
    if (index != 0) in.drop_pin(index);
  }
  in.count(no_worker, &WorkerCounters::purges, u64{1});
  return hit;
}

void Store::purge_all(bool soft) {
  const Inside in(*this);
  const u32 epoch = in.root.epoch.fetch_add(1, std::memory_order_acq_rel) + 1;
  raise_to(soft ? in.root.soft_epoch : in.root.hard_epoch, epoch);
  in.count(no_worker, &WorkerCounters::purges, u64{1});
}

std::uint64_t Store::worker_died(std::uint32_t worker) {
  const Inside in(*this);
  const u32 records = std::min(in.root.fresh_fill.load(std::memory_order_acquire), in.root.fills_max);
  for (u32 record = 1; record < records; ++record) {
    const Fill& f = in.fill(record);
    if (f.leading.load(std::memory_order_acquire) == 0 || f.leader_worker.load(std::memory_order_relaxed) != worker) continue;
    const Entry& e = in.entry(f.entry.load(std::memory_order_relaxed));
    in.end_fill(record, e.state.load(std::memory_order_relaxed) == entry_filling ? entry_failed : entry_truncated);
  }
  return static_cast<u64>(in.counters(worker).pins.load(std::memory_order_relaxed));
}

Stats Store::stats() const {
  const Inside in(*this);
  const Root& root = in.root;
  Stats s;
  s.bytes_max = root.bytes;
  s.bytes_fixed = root.fixed_bytes;
  s.bytes_entries = u64{root.slab_count.load(std::memory_order_relaxed)} * Inside::slab_granules * granule_bytes;
  const u64 linked = root.linked_granules.load(std::memory_order_relaxed);
  const u64 objects = root.object_granules.load(std::memory_order_relaxed);
  s.bytes_objects = objects * granule_bytes;
  s.bytes_unlinked = objects > linked ? (objects - linked) * granule_bytes : 0;
  s.fills_active = root.fills_active.load(std::memory_order_relaxed);
  for (u32 i = 0; i <= root.shard_mask; ++i) {
    Shard& shard = in.root.shards[i];
    const ShardGuard guard(in, shard);
    s.bytes_index += (u64{shard.segments} * segment_granules + in.chunk(shard.directory).size) * granule_bytes;
    s.objects += shard.objects;
    s.fills += shard.fills;
    s.stored += shard.stored;
    s.windowed += shard.windowed;
    s.evictions += shard.evictions;
    s.bytes_evicted += shard.granules_evicted * granule_bytes;
    s.recovered += shard.recovered;
  }
  std::int64_t pins = 0;
  for (u32 worker = 0; worker <= config_.workers_max; ++worker) {
    const WorkerCounters& c = in.counters(worker);
    s.hits += c.hits.load(std::memory_order_relaxed);
    s.misses += c.misses.load(std::memory_order_relaxed);
    s.collapsed += c.collapsed.load(std::memory_order_relaxed);
    s.refused += c.refused.load(std::memory_order_relaxed);
    s.purges += c.purges.load(std::memory_order_relaxed);
    pins += c.pins.load(std::memory_order_relaxed);
  }
  s.pins = static_cast<u64>(pins);
  s.bytes_used = s.bytes_fixed + s.bytes_entries + s.bytes_index + s.bytes_objects;
  return s;
}

}  // namespace parapet::store
