// Memory of the store: blocks out of the arenas, evicting until there is room; counts on chunks.
#include <algorithm>

#include "core/store/inside.h"
#include "core/store/queue.h"

namespace parapet::store {

namespace {

// Evictions that one request for memory may cause before it is refused.
constexpr u32 evictions_max = 1024;

u32 arena_of(const Root& root, u32 block) {
  u32 number = 0;
  while (block >= root.arenas[number].end) number += 1;
  return number;
}

}  // namespace

u32 Inside::take_from_arenas(u32 want, u32 least, u32 hint, bool use_reserve) const {
  for (u32 i = 0; i < root.arena_count; ++i) {
    const u32 number = (hint + i) % root.arena_count;
    const u32 block = ArenaView(base, root.arenas[number]).take(want, least, use_reserve);
    if (block != 0) return block;
  }
  return 0;
}

// What the evicted held is rarely in one piece, so one who can do with less gets an eighth before anything is evicted, and
// whatever there is once as much as he wants has been.
u32 Inside::take_evicting(u32 want, u32 least, u32 hint, bool use_reserve) const {
  const u32 eighth = std::max(least, want / 8);
  u64 evicted = 0;
  for (u32 i = 0; i < evictions_max; ++i) {
    const u32 block = take_from_arenas(want, evicted >= want ? least : eighth, hint, use_reserve);
    if (block != 0) return block;
    const u32 granules = evict_one();
    if (granules == 0) break;
    evicted += granules;
  }
  return take_from_arenas(want, least, hint, use_reserve);
}

u32 Inside::take_free_chunk(u32 want, u32 hint) const {
  const u32 block = take_from_arenas(want, want, hint, false);
  if (block != 0) root.object_granules.fetch_add(want, std::memory_order_relaxed);
  return block;
}

u32 Inside::take_chunk(u32 want, u32 least, u32 hint, bool use_reserve) const {
  const u32 block = take_evicting(want, least, hint, use_reserve);
  if (block != 0) root.object_granules.fetch_add(chunk(block).size, std::memory_order_relaxed);
  return block;
}

void Inside::write_head(u32 block, Bytes key, Bytes head, Bytes tags) const {
  std::memcpy(payload(block), key.data(), key.size());
  if (!head.empty()) std::memcpy(payload(block) + key.size(), head.data(), head.size());
  if (!tags.empty()) std::memcpy(payload(block) + key.size() + head.size(), tags.data(), tags.size());
  chunk(block).used.store(static_cast<u32>(key.size() + head.size() + tags.size()), std::memory_order_relaxed);
}

u32 Inside::take_free_block(u32 want, u32 hint) const { return take_from_arenas(want, want, hint, false); }

u32 Inside::take_block(u32 want, u32 hint) const { return take_evicting(want, want, hint, false); }

void Inside::give_block(u32 block) const { ArenaView(base, root.arenas[arena_of(root, block)]).give(block); }

void Inside::shrink_chunk(u32 block, u32 want) const {
  root.object_granules.fetch_sub(chunk(block).size - want, std::memory_order_relaxed);
  ArenaView(base, root.arenas[arena_of(root, block)]).shrink(block, want);
}

void Inside::release_chunk(u32 block) const {
  while (block != 0) {
    Chunk& c = chunk(block);
    const u32 before = c.count.fetch_sub(1, std::memory_order_acq_rel);
    insist(before != 0);
    if (before != 1) return;
    const u32 next = c.next.load(std::memory_order_relaxed);
    const u32 granules = c.size;
    const u32 record = c.fill;
    const u32 generation = c.fill_generation;
    root.object_granules.fetch_sub(granules, std::memory_order_relaxed);
    give_block(block);
    if (record != 0) uncharge(record, generation, granules);
    block = next;
  }
}

u32 Inside::evict_from(Shard& shard) const {
  u32 victim = 0;
  u32 granules = 0;
  {
    const ShardGuard guard(*this, shard);
    victim = choose_victim(*this, shard);
    if (victim == 0) return 0;
    Entry& e = entry(victim);
    granules = e.granules;
    if (e.queue == queue_small && !is_purged(e)) index_of(shard).remember_ghost(tag_of(e.hash));
    shard.evictions += 1;
    shard.granules_evicted += granules;
    unlink(shard, victim);
  }
  drop_pin(victim);
  return granules;
}

u32 Inside::evict_one() const {
  const u32 shards = root.shard_mask + 1;
  for (u32 i = 0; i < shards; ++i) {
    // The fuller one of two neighbours, so that shards stay about equal.
    const u32 at = root.evict_cursor.fetch_add(1, std::memory_order_relaxed);
    Shard& one = root.shards[at & root.shard_mask];
    Shard& other = root.shards[(at + 1) & root.shard_mask];
    const bool is_other = other.resident.load(std::memory_order_relaxed) > one.resident.load(std::memory_order_relaxed);
    const u32 granules = evict_from(is_other ? other : one);
    if (granules != 0) return granules;
  }
  return 0;
}

bool Inside::is_unlinked_share_full() const {
  const u64 all = root.object_granules.load(std::memory_order_relaxed);
  const u64 linked = root.linked_granules.load(std::memory_order_relaxed);
  if (all <= linked) return false;
  return (all - linked) * granule_bytes * 100 > root.bytes * config.unlinked_percent_max;
}

}  // namespace parapet::store
