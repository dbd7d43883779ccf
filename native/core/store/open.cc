// Making a store: what lies where in the region, and the one store of the process.
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

#include "core/store/inside.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace parapet::store {

namespace {

constexpr u64 bytes_most = u64{512} << 30;
constexpr u64 bytes_per_shard = u64{64} << 20;
constexpr u64 bytes_per_arena = u64{128} << 20;
constexpr u64 huge_pages_from = u64{64} << 20;
// Part of an arena that only windowed fills may use, so that one who reads slowly cannot stop all others.
constexpr u32 reserve_part = 64;

u64 rounded(u64 bytes, u64 to) { return (bytes + to - 1) / to * to; }

// Sets up root and tables behind it; gives the first granule that is free.
u32 lay_out(Root& root, const Config& config) {
  root.bytes = config.bytes_max;
  root.fills_max = config.fills_max;
  // Each entry needs at least one more granule, so more slabs than this never fit.
  root.slabs_max = static_cast<u32>(config.bytes_max / (u64{entries_per_slab} * (sizeof(Entry) + granule_bytes)) + 2 + shards_max);
  root.workers_at = rounded(sizeof(Root), 64);
  root.fills_at = rounded(root.workers_at + (u64{config.workers_max} + 1) * sizeof(WorkerCounters), 64);
  root.purges_at = rounded(root.fills_at + u64{config.fills_max} * sizeof(Fill), 64);
  const u32 sets = purge_sets_for(config.bytes_max);
  root.purge_set_mask = sets - 1;
  root.slabs_at = rounded(root.purges_at + u64{sets} * sizeof(PurgeSet), 64);
  root.fixed_bytes = rounded(root.slabs_at + u64{root.slabs_max} * sizeof(u32), granule_bytes);
  return static_cast<u32>(root.fixed_bytes / granule_bytes);
}

bool has_room_for_shards(const Inside& in, u32 shards) {
  for (u32 i = 0; i < shards; ++i) {
    Shard& shard = in.root.shards[i];
    shard.lock.init();
    const u32 directory = in.take_block(granules_for(sizeof(u32)), i);
    const u32 segment = in.take_block(segment_granules, i);
    if (directory == 0 || segment == 0) return false;
    in.index_of(shard).init(directory, segment);
  }
  return true;
}

}  // namespace

Store* Store::create(const Config& given) {
  Config config = given;
  if (config.bytes_max < bytes_least || config.bytes_max > bytes_most) return nullptr;
  if (config.workers_max == 0 || config.workers_max > workers_limit) return nullptr;
  if (config.fills_max == 0) config.fills_max = static_cast<u32>(std::clamp<u64>(config.bytes_max >> 16, 256, 65536));
  config.bytes_max = config.bytes_max / granule_bytes * granule_bytes;
  config.object_bytes_max = std::min(config.object_bytes_max, config.bytes_max);
  const u64 mapped = rounded(config.bytes_max, 4096);
  // Private, since workers are threads; workers that are processes need only another mapping here.
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  madvise(memory, mapped, MADV_DONTDUMP);  // responses may be private: not for core files
  madvise(memory, mapped, MADV_DONTFORK);  // a child that is spawned has no use for it, and must not double it
  if (config.bytes_max >= huge_pages_from) madvise(memory, mapped, MADV_HUGEPAGE);
  Store* store = new (std::nothrow) Store;
  if (store == nullptr) {
    munmap(memory, mapped);
    return nullptr;
  }
  store->base_ = static_cast<u8*>(memory);
  store->root_ = reinterpret_cast<Root*>(memory);  // zero bytes are the right start for all of it
  store->mapped_ = mapped;
  store->config_ = config;
  Root& root = *store->root_;
  const u32 first = lay_out(root, config);
  const u32 end = static_cast<u32>(config.bytes_max / granule_bytes);
  bool is_made = first + 1024 < end;
  if (is_made) {
    root.fresh_fill.store(1, std::memory_order_relaxed);
    root.purge_lock.init();
    root.arena_count = static_cast<u32>(std::clamp<u64>(config.bytes_max / bytes_per_arena, 1, arenas_max));
    const u32 each = (end - first) / root.arena_count;
    for (u32 i = 0; i < root.arena_count; ++i) {
      const u32 from = first + i * each;
      const u32 to = i + 1 == root.arena_count ? end : from + each;
      ArenaView(store->base_, root.arenas[i]).init(from, to, (to - from) / reserve_part);
    }
    const u32 shards = static_cast<u32>(std::clamp<u64>(std::bit_floor(config.bytes_max / bytes_per_shard), 1, shards_max));
    root.shard_mask = shards - 1;
    is_made = has_room_for_shards(Inside(*store), shards);
  }
  if (is_made) return store;
  destroy(store);
  return nullptr;
}

void Store::destroy(Store* store) {
  if (store == nullptr) return;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(store->base_, store->mapped_);
#endif
  munmap(store->base_, store->mapped_);
  delete store;
}

namespace {
std::atomic_flag is_opening;  // opened and closed a few times in the life of a process, each time briefly
std::atomic<Store*> opened;
u32 openers = 0;

struct Opening {
  Opening() {
    while (is_opening.test_and_set(std::memory_order_acquire)) is_opening.wait(true, std::memory_order_relaxed);
  }
  ~Opening() {
    is_opening.clear(std::memory_order_release);
    is_opening.notify_one();
  }
};
}  // namespace

Store* Store::open(const Config& config) {
  const Opening opening;
  if (openers == 0) opened.store(create(config), std::memory_order_release);
  Store* store = opened.load(std::memory_order_relaxed);
  if (store != nullptr) openers += 1;
  return store;
}

Store* Store::current() { return opened.load(std::memory_order_acquire); }

void Store::close() {
  const Opening opening;
  insist(openers != 0);
  openers -= 1;
  if (openers == 0) destroy(opened.exchange(nullptr, std::memory_order_acq_rel));
}

}  // namespace parapet::store
