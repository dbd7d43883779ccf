#include "core/store/purge_table.h"

#include <algorithm>
#include <bit>

#include "core/siphash.h"

namespace parapet::store {

namespace {

// What a mark is of goes into the hash, so that a host is never a tag.
constexpr u64 of_zone = 1, of_host = 2, of_url = 3, of_prefix = 4, of_tag = 5;

HashKey key_for(const HashKey& secret, u64 kind, u64 before) { return {secret.k0 ^ before, secret.k1 ^ (kind << 56)}; }

u64 spread(u64 x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// 0 says that a slot is free.
u64 mark_of(u64 hash) { return hash == 0 ? 1 : hash; }

constexpr u32 hard_of(u64 when) { return static_cast<u32>(when >> 32); }
constexpr u32 soft_of(u64 when) { return static_cast<u32>(when); }
constexpr u64 when_of(u32 hard, u32 soft) { return u64{hard} << 32 | soft; }

Verdict verdict_of(u64 when, u32 since) {
  if (hard_of(when) > since) return Verdict::gone;
  return soft_of(when) > since ? Verdict::stale : Verdict::standing;
}

}  // namespace

u32 purge_sets_for(u64 bytes_max) { return static_cast<u32>(std::clamp<u64>(std::bit_floor(bytes_max >> 13), 16, 8192)); }

u64 zone_mark(const HashKey& secret, Bytes zone) { return mark_of(siphash13(key_for(secret, of_zone, 0), zone)); }

u64 host_mark(const HashKey& secret, Bytes zone, Bytes host) {
  return mark_of(siphash13(key_for(secret, of_host, siphash13(key_for(secret, of_host, 0), zone)), host));
}

u64 url_mark(const HashKey& secret, Bytes url) { return mark_of(siphash13(key_for(secret, of_url, 0), url)); }

u64 prefix_mark(const HashKey& secret, u64 before, Bytes segment) { return mark_of(siphash13(key_for(secret, of_prefix, before), segment)); }

TagHash hash_of_tag(const HashKey& secret, Bytes tag) {
  u8 lower[tag_bytes_limit];
  const std::size_t length = std::min(tag.size(), sizeof lower);
  for (std::size_t i = 0; i < length; ++i) lower[i] = tag[i] >= 'A' && tag[i] <= 'Z' ? static_cast<u8>(tag[i] + 32) : tag[i];
  // A tag that is longer is known by its beginning: it may be purged together with another one.
  return siphash13(key_for(secret, of_tag, 0), {lower, length});
}

u64 tag_mark(TagHash tag, u32 zone) { return mark_of(spread(tag ^ spread(u64{zone} + 1))); }

Verdict PurgeTable::verdict(u64 mark, u32 since) const {
  const PurgeSet& set = set_of(mark);
  for (const PurgeSlot& slot : set.slots) {
    if (slot.mark.load(std::memory_order_acquire) == mark) return verdict_of(slot.when.load(std::memory_order_acquire), since);
  }
  // Read last: a mark that was thrown out while we looked has raised it before.
  return verdict_of(set.floor.load(std::memory_order_acquire), since);
}

void PurgeTable::write(u64 mark, u32 epoch, bool is_soft) const {
  PurgeSet& set = set_of(mark);
  PurgeSlot* to = nullptr;
  for (PurgeSlot& slot : set.slots) {
    const u64 held = slot.mark.load(std::memory_order_relaxed);
    const u64 when = slot.when.load(std::memory_order_relaxed);
    if (held == mark) {
      slot.when.store(is_soft ? when_of(hard_of(when), epoch) : when_of(epoch, soft_of(when)), std::memory_order_release);
      return;
    }
    if (held == 0) {
      to = &slot;
      break;
    }
    const auto newest = [](u64 at) { return std::max(hard_of(at), soft_of(at)); };
    if (to == nullptr || newest(when) < newest(to->when.load(std::memory_order_relaxed))) to = &slot;
  }
  const u64 forgotten = to->when.load(std::memory_order_relaxed);
  // The floor holds for a new mark, too: it may be one that was forgotten here.
  const u64 before = set.floor.load(std::memory_order_relaxed);
  u64 floor = before;
  if (std::max(hard_of(forgotten), soft_of(forgotten)) > root_.hard_epoch.load(std::memory_order_relaxed)) {
    floor = when_of(std::max(hard_of(before), hard_of(forgotten)), std::max(soft_of(before), soft_of(forgotten)));
    set.floor.store(floor, std::memory_order_release);
    root_.purges_forgotten.fetch_add(1, std::memory_order_relaxed);
  }
  to->when.store(is_soft ? when_of(hard_of(floor), epoch) : when_of(epoch, soft_of(floor)), std::memory_order_release);
  to->mark.store(mark, std::memory_order_release);
}

}  // namespace parapet::store
