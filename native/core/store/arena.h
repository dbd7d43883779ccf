// Blocks of any number of granules out of one range of the region: two-level segregated fit (Masmano et al., 2004), in
// constant time, with immediate coalescing.
//
// What always holds: walking from `first` by `size` meets every block and ends at `end`, also if a thread dies in the middle of a
// call (each store to a `size` leaves a valid walk), so that free lists can be built anew.
#pragma once

#include "core/store/layout.h"

namespace parapet::store {

class ArenaView {
 public:
  ArenaView(u8* base, Arena& arena) : base_(base), arena_(arena) {}

  void init(u32 first, u32 end, u32 reserve);
  // A block of `want` granules, or of at least `least` when that much is not there in one piece; 0: none. Its header is set to one count.
  u32 take(u32 want, u32 least, bool use_reserve);
  void give(u32 block);
  // Cuts a used block down to `want` granules.
  void shrink(u32 block, u32 want);
  u32 free_granules();
  // Walks the arena and answers whether lists, maps and counts agree with it (tests).
  bool is_sound();

 private:
  Chunk& at(u32 block) const { return *reinterpret_cast<Chunk*>(base_ + u64{block} * granule_bytes); }
  void lock();
  void rebuild();
  u32 find(u32 want) const;
  u32 find_in_own_class(u32 want) const;
  u32 largest() const;
  void insert(u32 block);
  void remove(u32 block);
  void give_locked(u32 block);
  void split(u32 block, u32 want);
  void poison(u64 from, u64 to) const;
  void unpoison(u64 from, u64 to) const;

  u8* base_;
  Arena& arena_;
};

}  // namespace parapet::store
