// Purges; what a worker leaves at its death; counting what there is.
#include <algorithm>

#include "core/contract.gen.h"
#include "core/store/inside.h"
#include "core/store/key_parts.h"

namespace parapet::store {

namespace {

// One purge: what it writes lies between the two, and is in force with the second.
class Purging {
 public:
  explicit Purging(const Inside& in) : in_(in) {
    // Whoever died here had written a mark at most: purged or not, nothing is half done.
    if (in.root.purge_lock.take()) in.root.purge_lock.repaired();
    epoch_ = in.root.epoch.load(std::memory_order_relaxed);
    is_possible_ = ++epoch_ != epoch_now;
  }
  ~Purging() {
    if (is_possible_) in_.root.epoch.store(epoch_, std::memory_order_release);
    in_.root.purge_lock.give();
  }
  Purging(const Purging&) = delete;
  Purging& operator=(const Purging&) = delete;

  u32 epoch() const { return epoch_; }
  bool is_possible() const { return is_possible_; }
  void write(u64 mark, u64 level, bool soft) const {
    in_.root.purge_levels.fetch_or(level, std::memory_order_relaxed);
    PurgeTable(in_.base, in_.root).write(mark, epoch_, soft);
    auto& last = (level & level_tags) != 0 ? in_.root.tag_epoch : in_.root.key_epoch;
    last.store(epoch_, std::memory_order_release);
  }

 private:
  const Inside& in_;
  u32 epoch_ = 0;
  bool is_possible_ = false;
};

Bytes bytes_of(const u32& zone) { return {reinterpret_cast<const u8*>(&zone), sizeof zone}; }

// Prefixes of more segments than are compared are purged by their beginning.
u64 mark_of_prefix(const HashKey& secret, u32 zone, Bytes text, u64& level) {
  const auto upto = [](Bytes all) { return all.first(static_cast<std::size_t>(std::find(all.begin(), all.end(), u8{'/'}) - all.begin())); };
  const Bytes host = upto(text);
  u64 mark = host_mark(secret, bytes_of(zone), host);
  level = level_host;
  Bytes rest = text.subspan(host.size());
  for (u32 depth = 0; depth < prefix_segments_max && rest.size() > 1; ++depth) {
    const Bytes segment = upto(rest.subspan(1));
    rest = rest.subspan(1 + segment.size());
    mark = prefix_mark(secret, mark, segment);
    level = u64{1} << (level_prefix_shift + depth);
  }
  return mark;
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
      const bool stood = object != 0 && !in.is_purged(e);
      if (stood) hit += 1;
      if (stood && soft && (e.flags & object_flag::pass_marker) == 0) {
        if ((e.flags & object_flag::vary_marker) == 0) in.make_stale(e, e.stored_at);
      } else if (object != 0) {
        in.unlink(shard, dropped[1] = object);
      }
    }
  }
  for (const u32 index : dropped) {
    if (index != 0) in.drop_pin(index);
  }
  in.count(no_worker, &WorkerCounters::purges, u64{1});
  return hit;
}

std::optional<std::uint32_t> Store::purge_url(std::uint64_t hash, Bytes key, bool soft) {
  const Inside in(*this);
  {
    const Purging purging(in);
    if (!purging.is_possible()) return std::nullopt;
    purging.write(url_mark(config_.secret, parts_of(key).url), level_url, soft);
  }
  // Now reclaimed, and counted: no look-up finds it any more.
  u32 dropped[2] = {0, 0};
  u32 hit = 0;
  Shard& shard = in.shard_for(hash);
  {
    const ShardGuard guard(in, shard);
    const Slot* slot = in.find(shard, hash, key);
    const u32 first = slot == nullptr ? 0 : slot->entry;
    const u32 second = first == 0 ? 0 : in.entry(first).companion;
    for (u32 i = 0; i < 2; ++i) {
      const u32 index = i == 0 ? first : second;
      if (index == 0) continue;
      const Entry& e = in.entry(index);
      // One that was gone already does not count.
      hit += e.epoch >= in.root.hard_epoch.load(std::memory_order_acquire) ? 1 : 0;
      if (!soft || e.state.load(std::memory_order_relaxed) != entry_complete) in.unlink(shard, dropped[i] = index);
    }
  }
  for (const u32 index : dropped) {
    if (index != 0) in.drop_pin(index);
  }
  in.count(no_worker, &WorkerCounters::purges, u64{1});
  return hit;
}

bool Store::purge_group(Group group, std::uint32_t zone, Bytes text, bool soft) {
  const Inside in(*this);
  const Purging purging(in);
  if (!purging.is_possible()) return false;
  u64 level = 0;
  u64 mark = 0;
  switch (group) {
    case Group::zone:
      mark = zone_mark(config_.secret, bytes_of(zone));
      level = level_zone;
      break;
    case Group::host:
      mark = host_mark(config_.secret, bytes_of(zone), text);
      level = level_host;
      break;
    case Group::prefix:
      mark = mark_of_prefix(config_.secret, zone, text, level);
      break;
    case Group::tag:
      mark = tag_mark(hash_of_tag(config_.secret, text), zone);
      level = zone == any_zone ? level_tag : level_tag_of_zone;
      break;
  }
  purging.write(mark, level, soft);
  in.count(no_worker, &WorkerCounters::purges, u64{1});
  return true;
}

std::optional<std::uint64_t> Store::purge_all(bool soft) {
  const Inside in(*this);
  u64 hit = 0;
  for (u32 i = 0; i <= in.root.shard_mask; ++i) {
    Shard& shard = in.root.shards[i];
    const ShardGuard guard(in, shard);
    if (shard.standing_epoch == in.root.hard_epoch.load(std::memory_order_acquire)) hit += shard.standing;
  }
  const Purging purging(in);
  if (!purging.is_possible()) return std::nullopt;
  (soft ? in.root.soft_epoch : in.root.hard_epoch).store(purging.epoch(), std::memory_order_release);
  in.count(no_worker, &WorkerCounters::purges, u64{1});
  return hit;
}

std::uint32_t Store::epoch() const { return root_->epoch.load(std::memory_order_acquire); }

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
  s.purges_forgotten = root.purges_forgotten.load(std::memory_order_relaxed);
  s.bytes_used = s.bytes_fixed + s.bytes_entries + s.bytes_index + s.bytes_objects;
  return s;
}

}  // namespace parapet::store
