// Entries made whole, without a fill of their own: the new version that a 304 makes, and markers.
#include <algorithm>

#include "core/contract.gen.h"
#include "core/store/inside.h"

namespace parapet::store {

namespace {

// Calls `make` under the shard's lock once the shard can take an entry. `slot_for` tells the slot that the key has by then. False: no memory.
template <typename Make>
bool with_room(const Inside& in, Shard& shard, u64 hash, Bytes key, Make make) {
  for (;;) {
    Need need = Need::none;
    {
      const ShardGuard guard(in, shard);
      Slot* slot = in.find(shard, hash, key);
      need = in.need_for(shard, tag_of(hash), slot == nullptr);
      if (need == Need::none) {
        make(slot);
        return true;
      }
    }
    if (need == Need::impossible || !in.supply(shard, tag_of(hash), need)) return false;
  }
}

// A complete entry with its head, not linked; its one pin is the caller's.
u32 whole_entry(const Inside& in, Shard& shard, u64 hash, u32 head_chunk, std::size_t key_bytes, std::size_t head_bytes, u32 tag_count,
                const ObjectMeta& meta) {
  const u32 index = in.new_entry(shard, hash);
  Entry& e = in.entry(index);
  e.head_chunk = head_chunk;
  e.key_length = static_cast<u16>(key_bytes);
  e.head_length = head_bytes & ((1u << 20) - 1);
  e.tag_count = tag_count & tags_all;
  e.granules = in.chunk(head_chunk).size;
  in.set_meta(e, meta);
  e.state.store(entry_complete, std::memory_order_release);
  return index;
}

void share_body(const Inside& in, const Entry& from, Entry& to) {
  to.body_chunk = from.body_chunk;
  to.body_offset = from.body_offset;
  to.body_length.store(from.body_length.load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (to.body_chunk != 0) in.chunk(to.body_chunk).count.fetch_add(1, std::memory_order_relaxed);
  // The body is charged to its newest version; a head of its own goes with the old one.
  to.granules += from.granules - (from.head_chunk != from.body_chunk ? in.chunk(from.head_chunk).size : 0);
}

u32 head_chunk_for(const Inside& in, u64 hash, Bytes key, Bytes head, Bytes tags) {
  if (key.size() > key_bytes_limit || head.size() > head_bytes_limit) return 0;
  const u32 want = granules_for(key.size() + head.size() + tags.size());
  const u32 block = in.take_chunk(want, want, in.shard_number(hash), false);
  if (block != 0) in.write_head(block, key, head, tags);
  return block;
}

bool is_same_marker(const Inside& in, Entry& e, Bytes head, const ObjectMeta& meta, u32 now) {
  if (e.state.load(std::memory_order_relaxed) != entry_complete || e.flags != meta.flags || (e.flags & object_flag::vary_marker) == 0) return false;
  if (!in.settle(e, now) || e.head_length != head.size()) return false;
  return head.empty() || std::memcmp(in.payload(e.head_chunk) + e.key_length, head.data(), head.size()) == 0;
}

}  // namespace

ObjectRef Store::refresh(std::uint32_t worker, ObjectRef old, FillRef ref, Bytes head, const ObjectMeta& meta, const Tags* given, std::uint32_t asked_at) {
  const Inside in(*this);
  Entry& o = in.entry(old.index);
  Shard& shard = in.shard_for(o.hash);
  const Bytes key = in.key_of(o);  // `old` is pinned
  Fill* f = ref ? &in.led(ref) : nullptr;
  const u32 asking = f != nullptr ? f->entry.load(std::memory_order_relaxed) : 0;
  const bool is_whole = o.state.load(std::memory_order_acquire) == entry_complete;
  const u32 tag_count = given != nullptr ? Inside::tag_count_of(*given) : o.tag_count;
  const Bytes tags = tag_count == tags_all ? Bytes{} : given != nullptr ? Inside::bytes_of(*given) : in.tags_of(o);
  const u32 head_chunk = is_whole ? head_chunk_for(in, o.hash, key, head, tags) : 0;
  ObjectRef fresh;
  u32 dropped[2] = {0, 0};
  const auto make = [&](Slot*) {
    fresh.index = whole_entry(in, shard, o.hash, head_chunk, key.size(), head.size(), tag_count, meta);
    Entry& e = in.entry(fresh.index);
    fresh.generation = e.generation.load(std::memory_order_relaxed);
    share_body(in, o, e);
    e.epoch = std::min(e.epoch, asked_at);  // a purge since the origin was asked counts against the answer
    bool is_kept = o.linked != 0 && in.settle(o, meta.stored_at);
    if (f != nullptr) {
      Entry& asked = in.entry(asking);
      e.epoch = std::min(e.epoch, asked.epoch);
      is_kept = is_kept && asked.linked != 0;
      if (asked.linked != 0) in.unlink(shard, dropped[0] = asking);
      e.pins.fetch_add(1, std::memory_order_relaxed);
      f->successor = fresh.index;
      f->successor_generation = fresh.generation;
      asked.fill = 0;
      asked.state.store(entry_refreshed, std::memory_order_seq_cst);
    }
    is_kept = is_kept && !in.is_outdated(e);
    if (is_kept) dropped[1] = in.link_object(shard, fresh.index, in.find(shard, o.hash, key));
  };
  if (head_chunk == 0 || !with_room(in, shard, o.hash, key, make)) {
    in.release_chunk(head_chunk);
    if (f != nullptr) in.end_fill(ref.index, entry_failed);
    return {};
  }
  in.count_pin(worker, 1);
  for (const u32 index : dropped) {
    if (index != 0) in.drop_pin(index);
  }
  if (f != nullptr) in.finish(ref.index);
  return fresh;
}

ObjectRef Store::put_marker(std::uint64_t hash, Bytes key, Bytes head, const ObjectMeta& meta, std::uint32_t now) {
  const Inside in(*this);
  Shard& shard = in.shard_for(hash);
  insist((meta.flags & (object_flag::vary_marker | object_flag::pass_marker)) != 0);
  u32 head_chunk = meta.fresh_until > now ? head_chunk_for(in, hash, key, head, {}) : 0;
  if (head_chunk == 0) return {};
  ObjectRef marker;
  u32 dropped[2] = {0, 0};
  const auto make = [&](Slot* slot) {
    if (slot != nullptr && is_same_marker(in, in.entry(slot->entry), head, meta, now)) {
      Entry& e = in.entry(slot->entry);
      e.fresh_until.store(meta.fresh_until, std::memory_order_relaxed);
      marker = {slot->entry, e.generation.load(std::memory_order_relaxed)};
      return;
    }
    marker.index = whole_entry(in, shard, hash, head_chunk, key.size(), head.size(), 0, meta);
    marker.generation = in.entry(marker.index).generation.load(std::memory_order_relaxed);
    head_chunk = 0;
    dropped[0] = in.link_object(shard, marker.index, slot);
    dropped[1] = marker.index;  // the pin that it was made with
  };
  with_room(in, shard, hash, key, make);
  in.release_chunk(head_chunk);
  for (const u32 index : dropped) {
    if (index != 0) in.drop_pin(index);
  }
  return marker;
}

}  // namespace parapet::store
