// Fills: one fetch for a key in all workers, written chunk by chunk, read by others meanwhile.
#include <algorithm>
#include <utility>

#include "core/contract.gen.h"
#include "core/store/inside.h"

namespace parapet::store {

namespace {

struct Standing {
  u32 object = 0;
  u32 filling = 0;
};

// What stands under a key and still counts; what does not is unlinked, its index pins are for the caller to drop.
Standing standing_under(const Inside& in, Shard& shard, u64 hash, Bytes key, u32 now, u32 (&dropped)[3]) {
  Standing found;
  const Slot* slot = in.find(shard, hash, key);
  if (slot == nullptr) return found;
  const Entry& first = in.entry(slot->entry);
  if (first.state.load(std::memory_order_relaxed) == entry_complete) {
    found.object = slot->entry;
    found.filling = first.companion;
  } else {
    found.filling = slot->entry;
  }
  if (found.object != 0 && !in.settle(in.entry(found.object), now)) {
    in.unlink(shard, found.object);
    dropped[0] = std::exchange(found.object, 0u);
  }
  if (found.filling != 0 && in.is_outdated(in.entry(found.filling))) {
    in.unlink(shard, found.filling);
    dropped[1] = std::exchange(found.filling, 0u);
  }
  return found;
}

// True if the object answers the request, which then needs no fill.
bool is_answer(const Inside& in, const Entry& e, ObjectRef ref, const FillRequest& request, FillKind& kind) {
  if ((e.flags & object_flag::pass_marker) != 0) {
    kind = FillKind::pass;
    return !request.is_storable && in.is_standing(e, request.now);
  }
  if (ref == request.seen) return false;
  if ((e.flags & object_flag::vary_marker) != 0) {
    kind = FillKind::varies;
    return in.is_standing(e, request.now);
  }
  kind = FillKind::object;
  return e.fresh_until.load(std::memory_order_relaxed) > request.now;
}

// Makes the entry and the record of a new fill and links them. Under the shard's lock.
FillResult lead(const Inside& in, Shard& shard, const FillRequest& request, Slot* slot, u32 key_chunk, u32 record, bool is_read) {
  const u32 index = in.new_entry(shard, request.hash);  // its first pin is the index's
  Entry& e = in.entry(index);
  Fill& f = in.fill(record);
  const u32 generation = e.generation.load(std::memory_order_relaxed);
  e.head_chunk = key_chunk;
  e.key_length = static_cast<u16>(request.key.size());
  e.flags = 0;
  e.fill = record;
  e.epoch = std::min(e.epoch, request.asked);
  e.state.store(entry_filling, std::memory_order_relaxed);
  f.entry.store(index, std::memory_order_relaxed);
  f.entry_generation.store(generation, std::memory_order_relaxed);
  f.leader_worker.store(request.worker, std::memory_order_relaxed);
  f.leader_tag = request.leader_tag;
  if (slot != nullptr) {
    e.companion = slot->entry;
    in.entry(slot->entry).companion = index;
  } else {
    in.index_of(shard).insert(tag_of(request.hash), index);
  }
  e.linked = 1;
  in.add_granules(e, in.chunk(key_chunk).size);
  shard.fills += 1;
  e.pins.fetch_add(is_read ? 2 : 1, std::memory_order_relaxed);  // the leader's, and that of its reader
  if (is_read) in.count_reader(f);
  f.leading.store(1, std::memory_order_release);
  return {FillKind::leader, {record, f.generation.load(std::memory_order_relaxed)}, {index, generation}};
}

// How far `begin_fill` has got.
struct Beginning {
  FillResult result;
  bool is_decided = false;
  u32 attached = 0;         // record that the caller's reader now reads
  u32 key_chunk = 0;        // these two are taken in advance, without the lock
  u32 record = 0;
  u32 dropped[3] = {0, 0, 0};  // index pins to drop when the lock is given
};

// One try under the lock. Undecided, it tells what is lacking; Need::none: the chunk of the key and the record.
Need try_to_begin(const Inside& in, Shard& shard, const FillRequest& request, bool is_read, Beginning& at) {
  const ShardGuard guard(in, shard);
  const Standing standing = standing_under(in, shard, request.hash, request.key, request.now, at.dropped);
  if (standing.object != 0) {
    Entry& e = in.entry(standing.object);
    const ObjectRef ref{standing.object, e.generation.load(std::memory_order_relaxed)};
    FillKind kind = FillKind::pass;
    at.is_decided = is_answer(in, e, ref, request, kind);
    if (at.is_decided) at.result.kind = kind;
    if (at.is_decided && kind != FillKind::pass) {
      e.pins.fetch_add(1, std::memory_order_relaxed);
      at.result.object = ref;
    }
  }
  if (!at.is_decided && standing.filling != 0) {
    Entry& e = in.entry(standing.filling);
    at.is_decided = true;
    at.result.kind = FillKind::follower;
    at.result.object = {standing.filling, e.generation.load(std::memory_order_relaxed)};
    if (is_read) {
      e.pins.fetch_add(1, std::memory_order_relaxed);
      in.count_reader(in.fill(e.fill));
      at.attached = e.fill;
    }
  }
  if (at.is_decided) return Need::none;
  Slot* slot = in.find(shard, request.hash, request.key);
  const Need need = in.need_for(shard, tag_of(request.hash), slot == nullptr);
  if (need != Need::none || at.key_chunk == 0) return need;
  at.result = lead(in, shard, request, slot, at.key_chunk, at.record, is_read);
  at.is_decided = true;
  const bool is_late = request.invalidated != nullptr && request.invalidated->load(std::memory_order_acquire) > request.asked_invalidations;
  if (is_late) in.unlink(shard, at.dropped[2] = at.result.object.index);
  if (is_read) at.attached = at.record;
  at.key_chunk = at.record = 0;
  return Need::none;
}

}  // namespace

FillResult Store::begin_fill(const FillRequest& request, Reader* reader) {
  const Inside in(*this);
  Shard& shard = in.shard_for(request.hash);
  const u32 hint = in.shard_number(request.hash);
  const bool is_refused = request.key.size() > key_bytes_limit || in.is_unlinked_share_full();
  Beginning at;
  for (;;) {
    const Need need = try_to_begin(in, shard, request, reader != nullptr, at);
    for (u32& index : at.dropped) {
      if (index != 0) in.drop_pin(std::exchange(index, 0u));
    }
    if (at.is_decided || is_refused || need == Need::impossible) break;
    if (need != Need::none) {
      if (!in.supply(shard, tag_of(request.hash), need)) break;
      continue;
    }
    at.record = in.new_fill();
    if (at.record == 0) break;
    const u32 granules = granules_for(request.key.size());
    at.key_chunk = in.take_chunk(granules, granules, hint, false);
    if (at.key_chunk == 0) break;
    in.write_head(at.key_chunk, request.key, {});
  }
  in.release_chunk(at.key_chunk);
  if (at.record != 0) in.leave(at.record);
  if (!at.is_decided) in.count(request.worker, &WorkerCounters::refused, u64{1});
  const FillResult& result = at.result;
  if (result.kind == FillKind::follower) in.count(request.worker, &WorkerCounters::collapsed, u64{1});
  if (at.attached != 0) in.attach(*reader, this, request.worker, result.object, at.attached);
  if (at.attached != 0 || result.kind == FillKind::object || result.kind == FillKind::varies) in.count_pin(request.worker, 1);
  return result;
}

}  // namespace parapet::store
