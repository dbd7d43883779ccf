// Entries: made, found, linked under their key, unlinked, freed; and a shard put right after a death.
#include "core/store/inside.h"
#include "core/store/queue.h"

namespace parapet::store {

Slot* Inside::find(Shard& shard, u64 hash, Bytes key) const {
  return index_of(shard).find(tag_of(hash), [&](u32 index) {
    const Entry& e = entry(index);
    return e.hash == hash && e.key_length == key.size() && std::memcmp(payload(e.head_chunk), key.data(), key.size()) == 0;
  });
}

Need Inside::need_for(Shard& shard, u32 tag, bool needs_slot) const {
  if (shard.free_entry == 0) return Need::slab;
  const IndexView index = index_of(shard);
  if (!needs_slot || !index.is_full_for(tag)) return Need::none;
  if (!index.can_split_for(tag)) return Need::impossible;
  return index.needs_doubling_for(tag) ? Need::directory : Need::segment;
}

bool Inside::supply(Shard& shard, u32 tag, Need need) const {
  const u32 hint = static_cast<u32>(&shard - root.shards);
  if (need == Need::slab) {
    // Where memory is short, the entry of another object does as well as a new one.
    u32 block = take_free_block(slab_granules, hint);
    if (block == 0 && evict_from(shard) != 0) return true;
    if (block == 0) block = take_block(slab_granules, hint);
    if (block == 0) return false;
    const u32 number = root.slab_count.fetch_add(1, std::memory_order_relaxed);
    insist(number < root.slabs_max);
    std::memset(payload(block), 0, payload_of(slab_granules));
    chunk(block).spare = hint;
    slab(number).store(block, std::memory_order_release);
    const ShardGuard guard(*this, shard);
    for (u32 i = number << slab_shift; i < (number + 1) << slab_shift; ++i) {
      if (i == 0) continue;  // 0 means none
      entry(i).after = shard.free_entry;
      shard.free_entry = i;
    }
    return true;
  }
  u32 want = segment_granules;
  if (need == Need::directory) {
    const ShardGuard guard(*this, shard);
    want = index_of(shard).directory_granules_doubled();
  }
  u32 block = take_block(want, hint);
  if (block == 0) return false;
  {
    // Another thread may have done it meanwhile.
    const ShardGuard guard(*this, shard);
    IndexView index = index_of(shard);
    if (need == Need::directory) {
      if (index.needs_doubling_for(tag) && index.directory_granules_doubled() == want) block = index.double_directory(block);
    } else if (index.is_full_for(tag) && !index.needs_doubling_for(tag)) {
      index.split(tag, block);
      block = 0;
    }
  }
  if (block != 0) give_block(block);
  return true;
}

u32 Inside::new_entry(Shard& shard, u64 hash) const {
  const u32 index = shard.free_entry;
  Entry& e = entry(index);
  shard.free_entry = e.after;
  e.hash = hash;
  e.epoch = root.epoch.load(std::memory_order_acquire);
  e.head_chunk = e.body_chunk = e.body_offset = 0;
  e.body_length.store(0, std::memory_order_relaxed);
  e.head_length = 0;
  e.tag_count = 0;
  e.key_length = 0;
  e.frequency.store(0, std::memory_order_relaxed);
  e.queue = queue_none;
  e.linked = 0;
  e.companion = e.before = e.after = e.granules = e.fill = 0;
  u32 generation = 0;
  while (generation == 0) generation = root.generation.fetch_add(1, std::memory_order_relaxed) + 1;
  e.generation.store(generation, std::memory_order_release);
  e.pins.store(1, std::memory_order_release);
  return index;
}

void Inside::set_meta(Entry& e, const ObjectMeta& meta) const {
  e.status = meta.status;
  e.stored_at = meta.stored_at;
  e.fresh_until.store(meta.fresh_until, std::memory_order_relaxed);
  e.stale_while_revalidate_until.store(meta.stale_while_revalidate_until, std::memory_order_relaxed);
  e.stale_if_error_until.store(meta.stale_if_error_until, std::memory_order_relaxed);
  e.flags = meta.flags;
  e.age_at_store = meta.age_at_store;
}

void Inside::add_granules(Entry& e, std::int64_t granules) const {
  e.granules = static_cast<u32>(e.granules + granules);
  if (e.linked != 0) root.linked_granules.fetch_add(static_cast<u64>(granules), std::memory_order_relaxed);
}

void Inside::unlink(Shard& shard, u32 index) const {
  Entry& e = entry(index);
  insist(e.linked != 0);
  const bool is_object = e.state.load(std::memory_order_relaxed) == entry_complete;
  if (is_object || e.companion == 0) {
    const u32 tag = tag_of(e.hash);
    IndexView view = index_of(shard);
    Slot* slot = view.find(tag, [&](u32 other) { return other == index; });
    insist(slot != nullptr);
    if (e.companion != 0) slot->entry = e.companion;
    else view.erase(tag, slot);
  }
  if (e.companion != 0) entry(e.companion).companion = 0;
  e.companion = 0;
  if (e.queue != queue_none) dequeue(*this, shard, index);
  if (is_object) {
    shard.objects -= 1;
    count_standing(shard, e, -1);
  }
  e.linked = 0;
  root.linked_granules.fetch_sub(e.granules, std::memory_order_relaxed);
}

// A new version of what is asked for often keeps its place among the often asked for.
void Inside::settle_in_queue(Shard& shard, u32 fresh, u8 queue, u8 frequency) const {
  Entry& e = entry(fresh);
  const bool returns = index_of(shard).take_ghost(tag_of(e.hash));
  e.frequency.store(frequency, std::memory_order_relaxed);
  enqueue(*this, shard, fresh, queue == queue_main || returns ? queue_main : queue_small);
  shard.objects += 1;
  count_standing(shard, e, 1);
}

u32 Inside::link_object(Shard& shard, u32 fresh, Slot* slot) const {
  Entry& e = entry(fresh);
  u32 old = 0;
  u8 queue = queue_none;
  u8 frequency = 0;
  u32 companion = 0;
  if (slot != nullptr) {
    Entry& holder = entry(slot->entry);
    companion = slot->entry;
    if (holder.state.load(std::memory_order_relaxed) == entry_complete) {
      old = slot->entry;
      companion = holder.companion;
      queue = holder.queue;
      frequency = holder.frequency.load(std::memory_order_relaxed);
      unlink(shard, old);
      slot = find(shard, e.hash, key_of(e));
    }
  }
  if (slot != nullptr) slot->entry = fresh;
  else index_of(shard).insert(tag_of(e.hash), fresh);
  e.companion = companion;
  if (companion != 0) entry(companion).companion = fresh;
  e.linked = 1;
  e.pins.fetch_add(1, std::memory_order_relaxed);
  root.linked_granules.fetch_add(e.granules, std::memory_order_relaxed);
  settle_in_queue(shard, fresh, queue, frequency);
  return old;
}

u32 Inside::promote(Shard& shard, u32 fresh) const {
  const u32 old = entry(fresh).companion;
  u8 queue = queue_none;
  u8 frequency = 0;
  if (old != 0) {
    queue = entry(old).queue;
    frequency = entry(old).frequency.load(std::memory_order_relaxed);
    unlink(shard, old);
  }
  settle_in_queue(shard, fresh, queue, frequency);
  return old;
}

void Inside::drop_pin(u32 index) const {
  Entry& e = entry(index);
  const u32 before = e.pins.fetch_sub(1, std::memory_order_acq_rel);
  insist(before != 0);
  if (before != 1) return;
  const u32 head = e.head_chunk;
  const u32 body = e.body_chunk;
  Shard& shard = shard_for(e.hash);
  e.generation.store(0, std::memory_order_release);
  release_chunk(head);
  release_chunk(body);
  const ShardGuard guard(*this, shard);
  e.state.store(entry_free, std::memory_order_relaxed);
  e.after = shard.free_entry;
  shard.free_entry = index;
}

bool Inside::try_pin(ObjectRef ref) const {
  if (ref.index == 0 || ref.index >> slab_shift >= root.slabs_max || ref.generation == 0) return false;
  if (slab(ref.index >> slab_shift).load(std::memory_order_acquire) == 0) return false;
  Entry& e = entry(ref.index);
  u32 pins = e.pins.load(std::memory_order_acquire);
  do {
    if (pins == 0 || e.generation.load(std::memory_order_acquire) != ref.generation) return false;
  } while (!e.pins.compare_exchange_weak(pins, pins + 1, std::memory_order_acq_rel, std::memory_order_acquire));
  if (e.generation.load(std::memory_order_acquire) == ref.generation) return true;
  drop_pin(ref.index);
  return false;
}

void Inside::recover(Shard& shard) const {
  index_of(shard).clear();
  shard.small = Queue{};
  shard.main = Queue{};
  shard.objects = 0;
  shard.standing = 0;
  shard.free_entry = 0;
  shard.resident.store(0, std::memory_order_relaxed);
  const u32 own = static_cast<u32>(&shard - root.shards);
  const u32 slabs = root.slab_count.load(std::memory_order_acquire);
  for (u32 number = 0; number < slabs; ++number) {
    const u32 block = slab(number).load(std::memory_order_acquire);
    if (block == 0 || chunk(block).spare != own) continue;
    for (u32 i = number << slab_shift; i < (number + 1) << slab_shift; ++i) {
      if (i == 0) continue;
      Entry& e = entry(i);
      e.companion = e.before = e.after = 0;
      e.queue = queue_none;
      bool frees = false;
      if (e.linked != 0) {
        e.linked = 0;
        root.linked_granules.fetch_sub(e.granules, std::memory_order_relaxed);
        frees = e.pins.fetch_sub(1, std::memory_order_acq_rel) == 1;
      }
      if (frees) {
        // Only complete objects have no other pin, so that nobody waits for news of these chunks.
        e.generation.store(0, std::memory_order_release);
        release_chunk(e.head_chunk);
        release_chunk(e.body_chunk);
        e.state.store(entry_free, std::memory_order_relaxed);
      }
      // One whose last pin is being dropped by another thread right now is not free yet: that thread hands it in.
      if (e.state.load(std::memory_order_relaxed) == entry_free) {
        e.after = shard.free_entry;
        shard.free_entry = i;
      }
    }
  }
}

}  // namespace parapet::store
