#include "core/store/arena.h"

#include <bit>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace parapet::store {

namespace {

struct Class {
  u32 row;
  u32 column;
};

u32 log_of(u32 size) { return 31u - static_cast<u32>(std::countl_zero(size)); }

// Where a free block of that size is kept.
Class class_of(u32 size) {
  if (size < columns) return {0, size};
  const u32 log = log_of(size);
  return {log - 3, (size >> (log - 4)) & (columns - 1)};
}

// The first class all of whose blocks have that size.
Class class_above(u32 size) {
  if (size < columns) return {0, size};
  return class_of(size + (1u << (log_of(size) - 4)) - 1);
}

// How many blocks of the class below are tried before memory counts as too broken up.
constexpr int own_class_tries = 8;

}  // namespace

void ArenaView::lock() {
  if (arena_.lock.take()) {
    rebuild();
    arena_.recovered += 1;
    arena_.lock.repaired();
  }
}

void ArenaView::init(u32 first, u32 end, u32 reserve) {
  arena_.lock.init();
  arena_.first = first;
  arena_.end = end;
  arena_.reserve = reserve;
  at(first).size = (end - first) | free_bit;
  at(first).previous = 0;
  arena_.free = end - first;
  insert(first);
  poison(u64{first} * granule_bytes + sizeof(Chunk), u64{end} * granule_bytes);
}

u32 ArenaView::find(u32 want) const {
  const Class least = class_above(want);
  if (least.row >= rows) return 0;
  u32 row = least.row;
  u32 in_row = arena_.column_map[row] & (~0u << least.column);
  if (in_row == 0) {
    const u32 above = row + 1 < rows ? arena_.row_map & (~0u << (row + 1)) : 0;
    if (above == 0) return 0;
    row = static_cast<u32>(std::countr_zero(above));
    in_row = arena_.column_map[row];
  }
  return arena_.heads[row][std::countr_zero(in_row)];
}

u32 ArenaView::find_in_own_class(u32 want) const {
  const Class own = class_of(want);
  u32 block = arena_.heads[own.row][own.column];
  for (int tries = 0; block != 0 && tries < own_class_tries; ++tries) {
    if ((at(block).size & ~free_bit) >= want) return block;
    block = at(block).fill;
  }
  return 0;
}

u32 ArenaView::largest() const {
  if (arena_.row_map == 0) return 0;
  const u32 row = log_of(arena_.row_map);
  return arena_.heads[row][log_of(arena_.column_map[row])];
}

u32 ArenaView::take(u32 want, u32 least, bool use_reserve) {
  lock();
  const u32 usable = use_reserve ? arena_.free : arena_.free - (arena_.free < arena_.reserve ? arena_.free : arena_.reserve);
  u32 block = 0;
  if (want <= usable) {
    block = find(want);
    if (block == 0) block = find_in_own_class(want);
  }
  if (block == 0 && least < want) {
    block = largest();
    if (block != 0) {
      const u32 size = at(block).size & ~free_bit;
      want = size < want ? size : want;
      if (want > usable) want = usable;
      if (want < least) block = 0;
    }
  }
  if (block != 0) {
    remove(block);
    unpoison(u64{block} * granule_bytes, (u64{block} + want) * granule_bytes);
    split(block, want);
    Chunk& chunk = at(block);
    chunk.size = want;
    arena_.free -= want;
    chunk.fill = 0;
    chunk.fill_generation = 0;
    chunk.next.store(0, std::memory_order_relaxed);
    chunk.used.store(0, std::memory_order_relaxed);
    chunk.count.store(1, std::memory_order_relaxed);
  }
  arena_.lock.give();
  return block;
}

// Makes the part of a block behind `want` granules a free block. The block itself keeps its free bit.
void ArenaView::split(u32 block, u32 want) {
  Chunk& chunk = at(block);
  const u32 size = chunk.size & ~free_bit;
  if (size == want) return;
  const u32 rest = block + want;
  unpoison(u64{rest} * granule_bytes, u64{rest} * granule_bytes + sizeof(Chunk));
  at(rest).size = (size - want) | free_bit;
  at(rest).previous = want;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the new header stands before the walk can reach it
  chunk.size = want | free_bit;
  if (rest + (size - want) < arena_.end) at(rest + (size - want)).previous = size - want;
  insert(rest);
}

void ArenaView::give(u32 block) {
  lock();
  arena_.free += at(block).size;
  give_locked(block);
  arena_.lock.give();
}

void ArenaView::give_locked(u32 block) {
  u32 size = at(block).size;
  insist((size & free_bit) == 0 && size != 0);
  poison(u64{block} * granule_bytes + sizeof(Chunk), (u64{block} + size) * granule_bytes);
  const u32 behind = block + size;
  if (behind < arena_.end && (at(behind).size & free_bit) != 0) {
    remove(behind);
    size += at(behind).size & ~free_bit;
    poison(u64{behind} * granule_bytes, u64{behind} * granule_bytes + sizeof(Chunk));
  }
  const u32 previous = at(block).previous;
  if (previous != 0 && (at(block - previous).size & free_bit) != 0) {
    remove(block - previous);
    poison(u64{block} * granule_bytes, u64{block} * granule_bytes + sizeof(Chunk));
    block -= previous;
    size += previous;
  }
  at(block).size = size | free_bit;
  if (block + size < arena_.end) at(block + size).previous = size;
  insert(block);
}

void ArenaView::shrink(u32 block, u32 want) {
  lock();
  const u32 size = at(block).size;
  if (want < size) {
    const u32 rest = block + want;
    at(rest).size = size - want;
    at(rest).previous = want;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    at(block).size = want;
    if (rest + (size - want) < arena_.end) at(rest + (size - want)).previous = size - want;
    arena_.free += size - want;
    give_locked(rest);
  }
  arena_.lock.give();
}

void ArenaView::insert(u32 block) {
  const Class own = class_of(at(block).size & ~free_bit);
  u32& head = arena_.heads[own.row][own.column];
  at(block).fill = head;
  at(block).fill_generation = 0;
  if (head != 0) at(head).fill_generation = block;
  head = block;
  arena_.row_map |= 1u << own.row;
  arena_.column_map[own.row] |= 1u << own.column;
}

void ArenaView::remove(u32 block) {
  const Class own = class_of(at(block).size & ~free_bit);
  const u32 after = at(block).fill;
  const u32 before = at(block).fill_generation;
  if (after != 0) at(after).fill_generation = before;
  if (before != 0) {
    at(before).fill = after;
    return;
  }
  arena_.heads[own.row][own.column] = after;
  if (after != 0) return;
  arena_.column_map[own.row] &= ~(1u << own.column);
  if (arena_.column_map[own.row] == 0) arena_.row_map &= ~(1u << own.row);
}

void ArenaView::rebuild() {
  arena_.row_map = 0;
  std::memset(arena_.column_map, 0, sizeof arena_.column_map);
  std::memset(arena_.heads, 0, sizeof arena_.heads);
  arena_.free = 0;
  u32 before = 0;
  for (u32 block = arena_.first; block < arena_.end;) {
    u32 size = at(block).size & ~free_bit;
    insist(size != 0);
    const bool is_free = (at(block).size & free_bit) != 0;
    while (is_free && block + size < arena_.end && (at(block + size).size & free_bit) != 0) {
      size += at(block + size).size & ~free_bit;
      at(block).size = size | free_bit;
    }
    at(block).previous = before;
    if (is_free) {
      insert(block);
      arena_.free += size;
    }
    before = size;
    block += size;
  }
}

u32 ArenaView::free_granules() {
  lock();
  const u32 result = arena_.free;
  arena_.lock.give();
  return result;
}

bool ArenaView::is_sound() {
  lock();
  bool sound = true;
  u32 free_seen = 0;
  u32 blocks_seen = 0;
  u32 before = 0;
  bool was_free = false;
  for (u32 block = arena_.first; block < arena_.end;) {
    const u32 size = at(block).size & ~free_bit;
    const bool is_free = (at(block).size & free_bit) != 0;
    sound = sound && size != 0 && at(block).previous == before && !(is_free && was_free);
    if (size == 0) break;
    if (is_free) {
      free_seen += size;
      blocks_seen += 1;
    }
    was_free = is_free;
    before = size;
    block += size;
    sound = sound && block <= arena_.end;
  }
  u32 listed = 0;
  for (u32 row = 0; row < rows; ++row) {
    for (u32 column = 0; column < columns; ++column) {
      const u32 head = arena_.heads[row][column];
      sound = sound && (head != 0) == ((arena_.column_map[row] >> column & 1) != 0);
      for (u32 block = head; block != 0 && listed <= blocks_seen; block = at(block).fill) listed += 1;
    }
  }
  sound = sound && listed == blocks_seen && free_seen == arena_.free;
  arena_.lock.give();
  return sound;
}

// Free memory reads as 0xDB where a debug build lets it be read at all; AddressSanitizer reports the touch itself.
void ArenaView::poison([[maybe_unused]] u64 from, [[maybe_unused]] u64 to) const {
#if defined(__SANITIZE_ADDRESS__)
  constexpr u64 fill_max = u64{64} << 20;  // the first block of a large arena stays as the kernel gave it
  if (to - from <= fill_max) std::memset(base_ + from, 0xDB, to - from);
  __asan_poison_memory_region(base_ + from, to - from);
#elif defined(PARAPET_DEBUG)
  std::memset(base_ + from, 0xDB, to - from);
#endif
}

void ArenaView::unpoison([[maybe_unused]] u64 from, [[maybe_unused]] u64 to) const {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(base_ + from, to - from);
#endif
}

}  // namespace parapet::store
