// What purges have made of an entry: compared when it is looked up, joined, kept or evicted, never before. All under its shard's lock.
#include <algorithm>
#include <cstring>

#include "core/contract.gen.h"
#include "core/store/inside.h"
#include "core/store/key_parts.h"

namespace parapet::store {

namespace {

// The worse of what several purges say.
class Worst {
 public:
  // True: no worse can come.
  bool add(Verdict verdict) {
    worst_ = std::max(worst_, verdict);
    return worst_ == Verdict::gone;
  }
  Verdict get() const { return worst_; }

 private:
  Verdict worst_ = Verdict::standing;
};

u32 zone_of(Bytes key) {
  u32 zone = any_zone;
  if (key.size() >= key_zone_bytes) std::memcpy(&zone, key.data(), key_zone_bytes);
  return zone;
}

}  // namespace

Verdict Inside::judge_key(Bytes key, u32 since) const {
  const PurgeTable table(base, root);
  const u64 levels = root.purge_levels.load(std::memory_order_relaxed);
  const KeyParts parts = parts_of(key);
  Worst worst;
  if ((levels & level_url) != 0 && worst.add(table.verdict(url_mark(config.secret, parts.url), since))) return worst.get();
  if (parts.zone.empty()) return worst.get();
  if ((levels & level_zone) != 0 && worst.add(table.verdict(zone_mark(config.secret, parts.zone), since))) return worst.get();
  if (levels >> level_prefix_shift == 0 && (levels & level_host) == 0) return worst.get();
  u64 mark = host_mark(config.secret, parts.zone, parts.host);
  if ((levels & level_host) != 0 && worst.add(table.verdict(mark, since))) return worst.get();
  Bytes rest = parts.path;
  for (u64 deeper = levels >> level_prefix_shift; deeper != 0 && !rest.empty() && rest.front() == '/'; deeper >>= 1) {
    rest = rest.subspan(1);
    const auto segment = rest.first(static_cast<std::size_t>(std::find(rest.begin(), rest.end(), u8{'/'}) - rest.begin()));
    rest = rest.subspan(segment.size());
    mark = prefix_mark(config.secret, mark, segment);
    if ((deeper & 1) != 0 && worst.add(table.verdict(mark, since))) return worst.get();
  }
  return worst.get();
}

Verdict Inside::judge_tags(const Entry& e, u32 since) const {
  if (e.tag_count == tags_all) return Verdict::gone;
  const PurgeTable table(base, root);
  const u64 levels = root.purge_levels.load(std::memory_order_relaxed);
  const u32 zone = zone_of(key_of(e));
  const Bytes tags = tags_of(e);
  Worst worst;
  for (std::size_t at = 0; at < tags.size(); at += sizeof(TagHash)) {
    TagHash tag = 0;
    std::memcpy(&tag, tags.data() + at, sizeof tag);
    if ((levels & level_tag) != 0 && worst.add(table.verdict(tag_mark(tag, any_zone), since))) return worst.get();
    if ((levels & level_tag_of_zone) != 0 && worst.add(table.verdict(tag_mark(tag, zone), since))) return worst.get();
  }
  return worst.get();
}

Verdict Inside::judge(const Entry& e) const {
  const u32 since = e.epoch;
  Worst worst;
  if (e.tag_count != 0 && root.tag_epoch.load(std::memory_order_acquire) > since) worst.add(judge_tags(e, since));
  if (worst.get() != Verdict::gone && root.key_epoch.load(std::memory_order_acquire) > since) worst.add(judge_key(key_of(e), since));
  // Last: a purge of all lets the table forget what was purged before it.
  if (root.soft_epoch.load(std::memory_order_acquire) > since) worst.add(Verdict::stale);
  if (root.hard_epoch.load(std::memory_order_acquire) > since) worst.add(Verdict::gone);
  return worst.get();
}

void Inside::make_stale(Entry& e, u32 now) const {
  const u32 fresh_until = e.fresh_until.load(std::memory_order_relaxed);
  if (fresh_until <= now) return;
  // Stale since before it was stored, whatever clock looks at it; the times in which it may be used all the same begin now.
  e.fresh_until.store(std::min(fresh_until, e.stored_at - std::min(e.stored_at, u32{1})), std::memory_order_relaxed);
  for (auto* until : {&e.stale_while_revalidate_until, &e.stale_if_error_until}) {
    const u32 end = until->load(std::memory_order_relaxed);
    if (end > fresh_until) until->store(std::min(end, now + (end - fresh_until)), std::memory_order_relaxed);
  }
}

bool Inside::settle_slowly(Entry& e, u32 now) const {
  // Read first: a purge that comes while we look is found the next time.
  const u32 epoch = root.epoch.load(std::memory_order_acquire);
  const Verdict verdict = judge(e);
  if (verdict == Verdict::gone) return false;
  if (verdict == Verdict::stale) {
    // That responses are not storable is forgotten; where variants are is not, each is stale by itself.
    if ((e.flags & object_flag::pass_marker) != 0) return false;
    if ((e.flags & object_flag::vary_marker) == 0) make_stale(e, now);
  }
  e.epoch = epoch;
  return true;
}

bool Inside::is_purged(Entry& e) const {
  const u32 epoch = root.epoch.load(std::memory_order_acquire);
  if (e.epoch == epoch) return false;
  const Verdict verdict = judge(e);
  if (verdict == Verdict::standing && e.state.load(std::memory_order_relaxed) == entry_complete) e.epoch = epoch;
  return verdict == Verdict::gone;
}

void Inside::count_standing(Shard& shard, const Entry& e, int n) const {
  const u32 hard_epoch = root.hard_epoch.load(std::memory_order_acquire);
  if (shard.standing_epoch != hard_epoch) {
    shard.standing_epoch = hard_epoch;
    shard.standing = 0;
  }
  if (e.epoch >= hard_epoch) shard.standing += static_cast<u64>(static_cast<std::int64_t>(n));
}

}  // namespace parapet::store
