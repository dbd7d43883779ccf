// The hit path: look-ups, pins, views.
#include "core/store/store.h"

#include "core/contract.gen.h"
#include "core/store/inside.h"

namespace parapet::store {

static_assert(static_cast<std::int32_t>(LookupState::miss) == store_state::miss);
static_assert(static_cast<std::int32_t>(LookupState::object) == store_state::object);
static_assert(static_cast<std::int32_t>(LookupState::filling) == store_state::filling);
static_assert(static_cast<std::int32_t>(LookupState::varies) == store_state::varies);
static_assert(static_cast<std::int32_t>(LookupState::pass) == store_state::pass);

namespace {

constexpr u8 frequency_max = 7;
constexpr u32 markers = object_flag::vary_marker | object_flag::pass_marker;

// What a complete, linked entry means to one who looks it up.
LookupState state_of(const Inside& in, const Entry& e, u32 now) {
  if ((e.flags & markers) == 0) return LookupState::object;
  if (!in.is_standing(e, now)) return LookupState::miss;
  return (e.flags & object_flag::vary_marker) != 0 ? LookupState::varies : LookupState::pass;
}

}  // namespace

void Inside::fill_view(const Entry& e, EntryState state, ObjectView& out) const {
  out.meta.stored_at = e.stored_at;
  out.meta.fresh_until = e.fresh_until.load(std::memory_order_relaxed);
  out.meta.stale_while_revalidate_until = e.stale_while_revalidate_until.load(std::memory_order_relaxed);
  out.meta.stale_if_error_until = e.stale_if_error_until.load(std::memory_order_relaxed);
  out.meta.flags = e.flags;
  out.meta.age_at_store = e.age_at_store;
  out.meta.status = e.status;
  out.complete = state == entry_complete;
  out.body_length = e.body_length.load(std::memory_order_relaxed);
  const u8* start = payload(e.head_chunk);
  out.key = {start, e.key_length};
  out.head = {start + e.key_length, e.head_length};
  out.body = {};
  if (state == entry_complete && e.body_chunk != 0) {
    const u32 used = chunk(e.body_chunk).used.load(std::memory_order_relaxed);
    out.body = {payload(e.body_chunk) + e.body_offset, used - e.body_offset};
  }
}

LookupResult Store::lookup(std::uint32_t worker, std::uint64_t hash, Bytes key, std::uint32_t now) {
  const Inside in(*this);
  LookupResult result;
  Shard& shard = in.shard_for(hash);
  u32 gone = 0;
  {
    const ShardGuard guard(in, shard);
    const Slot* slot = in.find(shard, hash, key);
    if (slot != nullptr && in.entry(slot->entry).state.load(std::memory_order_relaxed) == entry_complete && !in.settle(in.entry(slot->entry), now)) {
      gone = slot->entry;
      in.unlink(shard, gone);
      slot = in.find(shard, hash, key);
    }
    if (slot != nullptr) {
      Entry& e = in.entry(slot->entry);
      const bool is_object = e.state.load(std::memory_order_relaxed) == entry_complete;
      const u32 filling = is_object ? e.companion : slot->entry;
      result.filling = filling != 0 && !in.is_outdated(in.entry(filling));
      result.state = is_object ? state_of(in, e, now) : LookupState::miss;
      if (result.state == LookupState::miss && result.filling) result.state = LookupState::filling;
      if (result.state == LookupState::object || result.state == LookupState::varies) {
        e.pins.fetch_add(1, std::memory_order_relaxed);
        result.ref = {slot->entry, e.generation.load(std::memory_order_relaxed)};
        const u8 frequency = e.frequency.load(std::memory_order_relaxed);
        if (frequency < frequency_max) e.frequency.store(static_cast<u8>(frequency + 1), std::memory_order_relaxed);
      }
    }
  }
  if (gone != 0) in.drop_pin(gone);
  if (result.ref) {
    in.fill_view(in.entry(result.ref.index), entry_complete, result.view);
    in.count_pin(worker, 1);
  }
  if (result.state == LookupState::object) in.count(worker, &WorkerCounters::hits, u64{1});
  else if (result.state != LookupState::varies) in.count(worker, &WorkerCounters::misses, u64{1});
  return result;
}

void Store::unpin(std::uint32_t worker, ObjectRef ref) {
  const Inside in(*this);
  insist(in.entry(ref.index).generation.load(std::memory_order_relaxed) == ref.generation);
  in.drop_pin(ref.index);
  in.count_pin(worker, -1);
}

bool Store::pin(std::uint32_t worker, ObjectRef ref) {
  const Inside in(*this);
  if (!in.try_pin(ref)) return false;
  in.count_pin(worker, 1);
  return true;
}

bool Store::view(ObjectRef ref, ObjectView& out) const {
  const Inside in(*this);
  const Entry& e = in.entry(ref.index);
  const EntryState state = static_cast<EntryState>(e.state.load(std::memory_order_acquire));
  if (state != entry_body && state != entry_complete && state != entry_streamed && state != entry_truncated) return false;
  in.fill_view(e, state, out);
  return true;
}

}  // namespace parapet::store
