// Purges of groups (a zone, a host, a path prefix, a URL with all that derives from it, a tag) as generations: a purge writes down
// "this group, at this epoch", and whoever looks an entry up compares. Nothing is searched, whatever the group holds.
//
//  - A group is a 64-bit keyed hash, its mark. Two groups with the same mark are purged together.
//  - The store's epoch counts purges. An entry carries the epoch at which its origin was asked, or up to which it was found
//    standing since; one that carries the store's needs no check.
//  - The table is sets of seven marks. A set that is full forgets its oldest mark and raises its floor to that mark's epoch: every
//    mark that the set does not hold counts as purged then. So a purge may reach more than it has to, never less.
//  - Writers take `purge_lock`; readers take none. A mark is written before the epoch is raised, which publishes it.
#pragma once

#include "core/store/layout.h"
#include "core/store/store.h"

namespace parapet::store {

enum class Verdict : u8 {
  standing,
  stale,  // softly purged
  gone,
};

// Bits of `Root::purge_levels`: kinds of groups of which one was ever purged.
inline constexpr u64 level_zone = 1;
inline constexpr u64 level_host = 2;
inline constexpr u64 level_url = 4;
inline constexpr u64 level_tag_of_zone = 8;
inline constexpr u64 level_tag = 16;
inline constexpr u32 level_prefix_shift = 5;  // bit 5: prefixes of one segment
inline constexpr u32 prefix_segments_max = 32;
static_assert(level_prefix_shift + prefix_segments_max <= 64);
inline constexpr u64 level_tags = level_tag | level_tag_of_zone;

// Sets for a store of that size: at most 8192, which hold 57 344 groups in 1 MiB.
u32 purge_sets_for(u64 bytes_max);

u64 zone_mark(const HashKey& secret, Bytes zone);
u64 host_mark(const HashKey& secret, Bytes zone, Bytes host);
u64 url_mark(const HashKey& secret, Bytes url);
// The mark of a host and one more path segment, or of a prefix and one more.
u64 prefix_mark(const HashKey& secret, u64 before, Bytes segment);
// `zone`: of the tag in that zone; `any_zone`: in all.
u64 tag_mark(TagHash tag, u32 zone);

class PurgeTable {
 public:
  PurgeTable(u8* base, Root& root) : root_(root), sets_(reinterpret_cast<PurgeSet*>(base + root.purges_at)) {}

  // What purges of the mark after `since` make of an entry.
  Verdict verdict(u64 mark, u32 since) const;
  // Under the purge lock.
  void write(u64 mark, u32 epoch, bool is_soft) const;

 private:
  PurgeSet& set_of(u64 mark) const { return sets_[mark & root_.purge_set_mask]; }

  Root& root_;
  PurgeSet* sets_;
};

}  // namespace parapet::store
