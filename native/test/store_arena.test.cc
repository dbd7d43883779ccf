// The allocator: nothing overlaps, nothing is lost, and a thread that dies with the lock leaves a usable arena.
#include "core/store/arena.h"

#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "test/check.h"

namespace {

using namespace parapet::store;

struct Ground {
  explicit Ground(u32 granules, u32 reserve = 0) : bytes(u64{granules + 1} * granule_bytes) {
    base = static_cast<u8*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ArenaView(base, arena).init(1, granules + 1, reserve);
  }
  ~Ground() {
#if defined(__SANITIZE_ADDRESS__)
    unpoison();
#endif
    munmap(base, bytes);
  }
  void unpoison();
  ArenaView view() { return {base, arena}; }
  u8* payload(u32 block) { return base + u64{block} * granule_bytes + sizeof(Chunk); }
  u32 size(u32 block) { return reinterpret_cast<Chunk*>(base + u64{block} * granule_bytes)->size; }

  u64 bytes;
  u8* base;
  std::unique_ptr<Arena> aligned = std::make_unique<Arena>();  // the sanitizer's stack aligns to 32 bytes only
  Arena& arena = *aligned;
};

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
void Ground::unpoison() { __asan_unpoison_memory_region(base, bytes); }
#endif

TEST(a_whole_arena_can_be_taken_and_given_back) {
  Ground ground(1000);
  const u32 block = ground.view().take(1000, 1000, false);
  CHECK_EQ(block, 1u);
  CHECK_EQ(ground.view().take(1, 1, false), 0u);
  ground.view().give(block);
  CHECK_EQ(ground.view().free_granules(), 1000u);
  CHECK(ground.view().is_sound());
}

TEST(neighbours_coalesce_whatever_the_order_in_which_they_are_given_back) {
  Ground ground(300);
  u32 blocks[3];
  for (int order = 0; order < 6; ++order) {
    for (u32& block : blocks) block = ground.view().take(100, 100, false);
    const int first = order / 2;
    const int second = (first + 1 + order % 2) % 3;
    ground.view().give(blocks[first]);
    ground.view().give(blocks[second]);
    ground.view().give(blocks[3 - first - second]);
    const u32 all = ground.view().take(300, 300, false);
    CHECK(all != 0);
    ground.view().give(all);
  }
}

TEST(a_smaller_piece_is_given_when_the_caller_takes_one) {
  Ground ground(100);
  const u32 low = ground.view().take(40, 40, false);
  const u32 middle = ground.view().take(20, 20, false);
  CHECK(low != 0 && middle != 0);
  ground.view().give(low);
  CHECK_EQ(ground.view().take(60, 50, false), 0u);
  const u32 piece = ground.view().take(60, 10, false);
  CHECK(piece != 0);
  CHECK_EQ(ground.size(piece), 40u);
  ground.view().give(piece);
  ground.view().give(middle);
  CHECK(ground.view().is_sound());
}

TEST(the_reserve_is_for_those_who_may_use_it) {
  Ground ground(100, 10);
  CHECK_EQ(ground.view().take(95, 95, false), 0u);
  const u32 most = ground.view().take(95, 20, false);
  CHECK_EQ(ground.size(most), 90u);
  CHECK_EQ(ground.view().take(1, 1, false), 0u);
  CHECK(ground.view().take(10, 10, true) != 0);
}

TEST(shrinking_gives_the_rest_back) {
  Ground ground(64);
  const u32 block = ground.view().take(64, 64, false);
  ground.view().shrink(block, 3);
  CHECK_EQ(ground.view().free_granules(), 61u);
  CHECK(ground.view().take(61, 61, false) != 0);
  CHECK(ground.view().is_sound());
}

TEST(random_use_never_overlaps_and_never_loses_a_granule) {
  Ground ground(20'000);
  std::mt19937 random(7);
  struct Held {
    u32 block;
    u8 mark;
  };
  std::vector<Held> held;
  for (int i = 0; i < 60'000; ++i) {
    if (random() % 100 < 52) {
      const u32 want = static_cast<u32>(random() % 20 == 0 ? 1 + random() % 800 : 1 + random() % 12);
      const u32 block = ground.view().take(want, want, false);
      if (block != 0) {
        const u8 mark = static_cast<u8>(random());
        std::memset(ground.payload(block), mark, payload_of(want));
        held.push_back({block, mark});
      }
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      const Held one = held.back();
      held.pop_back();
      const u64 length = payload_of(ground.size(one.block));
      bool same = true;
      for (u64 at = 0; at < length; ++at) same = same && ground.payload(one.block)[at] == one.mark;
      CHECK(same);
      if (random() % 4 == 0 && ground.size(one.block) > 1) ground.view().shrink(one.block, 1);
      ground.view().give(one.block);
    }
    if (i % 5000 == 0) CHECK(ground.view().is_sound());
  }
  for (const Held& one : held) ground.view().give(one.block);
  CHECK_EQ(ground.view().free_granules(), 20'000u);
  CHECK(ground.view().is_sound());
}

TEST(an_arena_whose_lock_died_with_its_holder_is_rebuilt) {
  Ground ground(500);
  const u32 kept = ground.view().take(100, 100, false);
  const u32 given = ground.view().take(50, 50, false);
  std::memset(ground.payload(kept), 0x5A, payload_of(100));
  ground.view().give(given);
  std::thread([&] {
    ground.arena.lock.take();
    // In the middle of something: lists and count are nonsense.
    std::memset(ground.arena.heads, 0x77, sizeof ground.arena.heads);
    ground.arena.row_map = 0x1234;
    ground.arena.free = 3;
  }).join();
  CHECK_EQ(ground.view().free_granules(), 400u);
  CHECK_EQ(ground.arena.recovered, 1u);
  CHECK(ground.view().is_sound());
  CHECK_EQ(ground.payload(kept)[payload_of(100) - 1], 0x5A);
  CHECK(ground.view().take(400, 400, false) != 0);
}

PARAPET_TEST_MAIN
