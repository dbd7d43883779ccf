#include "core/store/index.h"

#include <cstring>

namespace parapet::store {

namespace {
constexpr u32 mask = slots_per_segment - 1;
}

void IndexView::init(u32 directory_block, u32 segment_block) {
  shard_.directory = directory_block;
  shard_.depth = 0;
  shard_.segments = 1;
  std::memset(&segment(segment_block), 0, sizeof(Segment));
  directory()[0] = segment_block;
}

u32 IndexView::directory_granules_doubled() const { return granules_for((u64{2} << shard_.depth) * sizeof(u32)); }

u32 IndexView::double_directory(u32 block) {
  const u32 old = shard_.directory;
  const u32* from = directory();
  u32* to = reinterpret_cast<u32*>(base_ + u64{block} * granule_bytes + sizeof(Chunk));
  for (u32 i = 0; i < 1u << shard_.depth; ++i) to[2 * i] = to[2 * i + 1] = from[i];
  shard_.directory = block;
  shard_.depth += 1;
  return old;
}

void IndexView::split(u32 tag, u32 block) {
  Segment& low = segment_for(tag);
  Segment& high = segment(block);
  const Segment before = low;
  std::memset(&low, 0, sizeof low);
  std::memset(&high, 0, sizeof high);
  low.depth = high.depth = before.depth + 1;
  const u32 bit = 31 - before.depth;
  for (const Slot& slot : before.slots) {
    if (slot.entry != 0) put((slot.tag >> bit & 1) != 0 ? high : low, slot);
  }
  for (u32 i = 0; i < ghosts_per_segment; ++i) {
    const u32 ghost = before.ghosts[(before.ghost_next + i) % ghosts_per_segment];
    Segment& to = (ghost >> bit & 1) != 0 ? high : low;
    if (ghost != 0) to.ghosts[to.ghost_next++ % ghosts_per_segment] = ghost;
  }
  low.ghost_next %= ghosts_per_segment;
  high.ghost_next %= ghosts_per_segment;
  // The upper half of the directory's run for the old segment now leads to the new one.
  const u32 run = 1u << (shard_.depth - before.depth);
  const u32 first = (tag >> (32 - shard_.depth)) & ~(run - 1);
  for (u32 i = first + run / 2; i < first + run; ++i) directory()[i] = block;
  shard_.segments += 1;
}

void IndexView::put(Segment& s, Slot slot) {
  u32 at = slot.tag & mask;
  while (s.slots[at].entry != 0) at = (at + 1) & mask;
  s.slots[at] = slot;
  s.used += 1;
}

void IndexView::insert(u32 tag, u32 entry) {
  Segment& s = segment_for(tag);
  insist(s.used < slots_per_segment - 1);
  put(s, Slot{entry, tag});
}

// Moves later ones of the run back, so that no mark of a deleted slot is needed.
void IndexView::erase(u32 tag, Slot* slot) {
  Segment& s = segment_for(tag);
  u32 hole = static_cast<u32>(slot - s.slots);
  insist(hole < slots_per_segment);
  for (u32 at = (hole + 1) & mask; s.slots[at].entry != 0; at = (at + 1) & mask) {
    const u32 home = s.slots[at].tag & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;  // its home lies behind the hole
    s.slots[hole] = s.slots[at];
    hole = at;
  }
  s.slots[hole] = Slot{0, 0};
  s.used -= 1;
}

void IndexView::clear() {
  u32 last = 0;
  for (u32 i = 0; i < 1u << shard_.depth; ++i) {
    const u32 block = directory()[i];
    if (block == last) continue;
    last = block;
    Segment& s = segment(block);
    std::memset(s.slots, 0, sizeof s.slots);
    s.used = 0;
  }
}

void IndexView::remember_ghost(u32 tag) {
  Segment& s = segment_for(tag);
  s.ghosts[s.ghost_next] = tag;
  s.ghost_next = (s.ghost_next + 1) % ghosts_per_segment;
}

bool IndexView::take_ghost(u32 tag) {
  Segment& s = segment_for(tag);
  if (tag == 0) return false;
  for (u32& ghost : s.ghosts) {
    if (ghost == tag) {
      ghost = 0;
      return true;
    }
  }
  return false;
}

}  // namespace parapet::store
