// One shard's index: tag -> entry, in segments that split when they are full. Everything here runs under the shard's lock; memory is
// handed in by the caller, who got it before taking the lock.
#pragma once

#include <bit>

#include "core/store/layout.h"

namespace parapet::store {

inline u32 tag_of(u64 hash) { return static_cast<u32>(hash >> 32); }

class IndexView {
 public:
  IndexView(u8* base, Shard& shard) : base_(base), shard_(shard) {}

  // Takes over the blocks of the first directory and the first segment.
  void init(u32 directory_block, u32 segment_block);

  Segment& segment_for(u32 tag) const { return segment(segment_block_for(tag)); }
  u32 directory_granules_doubled() const;
  bool is_full_for(u32 tag) const { return segment_for(tag).used >= slots_used_max; }
  // A split needs the directory doubled first.
  bool needs_doubling_for(u32 tag) const { return segment_for(tag).depth == shard_.depth; }
  // A segment much deeper than the average is full of one hash, which no split parts.
  bool can_split_for(u32 tag) const { return segment_for(tag).depth < static_cast<u32>(std::bit_width(shard_.segments)) + depth_spread_max; }

  // Takes a block of `directory_granules_doubled` over and gives the old one back, for the caller to free.
  u32 double_directory(u32 block);
  // Takes a block of segment_granules over.
  void split(u32 tag, u32 block);

  // The first slot with this tag for which `is_it(entry)` holds.
  template <typename Predicate>
  Slot* find(u32 tag, Predicate is_it) const {
    Segment& s = segment_for(tag);
    u32 at = tag & (slots_per_segment - 1);
    while (s.slots[at].entry != 0) {
      if (s.slots[at].tag == tag && is_it(s.slots[at].entry)) return &s.slots[at];
      at = (at + 1) & (slots_per_segment - 1);
    }
    return nullptr;
  }
  // The segment must not be full.
  void insert(u32 tag, u32 entry);
  void erase(u32 tag, Slot* slot);
  // Empties every segment; ghosts stay.
  void clear();

  void remember_ghost(u32 tag);
  // True if the key was evicted lately; it is forgotten.
  bool take_ghost(u32 tag);

 private:
  static constexpr u32 depth_spread_max = 4;

  u32* directory() const { return reinterpret_cast<u32*>(base_ + u64{shard_.directory} * granule_bytes + sizeof(Chunk)); }
  u32 segment_block_for(u32 tag) const { return directory()[shard_.depth == 0 ? 0 : tag >> (32 - shard_.depth)]; }
  Segment& segment(u32 block) const { return *reinterpret_cast<Segment*>(base_ + u64{block} * granule_bytes + sizeof(Chunk)); }
  static void put(Segment& s, Slot slot);

  u8* base_;
  Shard& shard_;
};

}  // namespace parapet::store
