// The budget under churn, and what is kept when not everything can be.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <list>
#include <random>
#include <unordered_map>

#include "core/store/inside.h"
#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;

namespace {

// Bytes of the region that the kernel has given memory for.
std::uint64_t resident_bytes(const Store& store) {
  const Inside in(store);
  char path[] = "/proc/self/smaps";
  std::FILE* file = std::fopen(path, "r");
  char line[512];
  std::uint64_t rss = 0;
  bool is_ours = false;
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    unsigned long from = 0;
    unsigned long to = 0;
    unsigned long kilobytes = 0;
    if (std::sscanf(line, "%lx-%lx ", &from, &to) == 2) is_ours = from <= reinterpret_cast<std::uintptr_t>(in.base) && reinterpret_cast<std::uintptr_t>(in.base) < to;
    else if (is_ours && std::sscanf(line, "Rss: %lu kB", &kilobytes) == 1) rss = u64{kilobytes} * 1024;
  }
  if (file != nullptr) std::fclose(file);
  return rss;
}

bool is_sound(const Store& store) {
  const Inside in(store);
  for (u32 i = 0; i < in.root.arena_count; ++i) {
    if (!ArenaView(in.base, in.root.arenas[i]).is_sound()) return false;
  }
  return true;
}

// Ranks 0 to n - 1 with weight 1 / (rank + 1) ^ alpha, by inversion of the cumulated weights.
class Zipf {
 public:
  Zipf(std::size_t n, double alpha) : cumulated_(n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) cumulated_[i] = sum += 1.0 / std::pow(static_cast<double>(i + 1), alpha);
  }
  std::size_t operator()(std::mt19937_64& random) const {
    const double x = static_cast<double>(random() >> 11) * 0x1p-53 * cumulated_.back();
    return static_cast<std::size_t>(std::lower_bound(cumulated_.begin(), cumulated_.end(), x) - cumulated_.begin());
  }

 private:
  std::vector<double> cumulated_;
};

class Lru {
 public:
  explicit Lru(std::size_t capacity) : capacity_(capacity) {}
  bool hit(std::uint64_t key) {
    const auto found = places_.find(key);
    if (found != places_.end()) {
      order_.splice(order_.begin(), order_, found->second);
      return true;
    }
    order_.push_front(key);
    places_[key] = order_.begin();
    if (order_.size() > capacity_) {
      places_.erase(order_.back());
      order_.pop_back();
    }
    return false;
  }

 private:
  std::size_t capacity_;
  std::list<std::uint64_t> order_;
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> places_;
};

// Popular keys, and one request in three for a key that never comes again.
std::vector<std::uint64_t> trace_with_scans(std::size_t length) {
  std::mt19937_64 random(11);
  const Zipf zipf(30'000, 0.9);
  std::vector<std::uint64_t> trace;
  std::uint64_t scanned = 1'000'000;
  while (trace.size() < length) {
    for (int i = 0; i < 2000; ++i) trace.push_back(zipf(random));
    for (int i = 0; i < 1000; ++i) trace.push_back(scanned++);
  }
  return trace;
}

}  // namespace

TEST(the_budget_holds_under_a_churn_of_mixed_sizes) {
  Config config;
  config.bytes_max = 24u << 20;
  config.object_bytes_max = 8u << 20;
  Rig rig(config);
  std::mt19937_64 random(3);
  std::vector<ObjectRef> pinned;
  int stored = 0;
  for (int i = 0; i < 30'000; ++i) {
    // First small ones only, which fill the region with entries and index; then all sizes.
    const std::uint64_t kind = i < 15'000 ? 0 : random() % 100;
    const std::size_t length = kind < 80 ? random() % 3000 : kind < 99 ? random() % 100'000 : random() % 4'000'000;
    const std::string key = "/" + std::to_string(random() % 40'000);
    stored += rig.put(key, std::string(length, 'b'), std::string(random() % 600, 'h'), random() % 2 == 0) ? 1 : 0;
    if (i % 10 == 0) {
      const LookupResult found = rig.look(key);
      if (found.ref) pinned.push_back(found.ref);
    }
    while (pinned.size() > 50) {
      std::swap(pinned[random() % pinned.size()], pinned.back());
      rig.store->unpin(0, pinned.back());
      pinned.pop_back();
    }
    if (i % 3000 == 0) {
      const Stats stats = rig.store->stats();
      CHECK(stats.bytes_used <= config.bytes_max);
      CHECK(is_sound(*rig.store));
    }
  }
  CHECK(stored > 20'000);
  CHECK(resident_bytes(*rig.store) <= config.bytes_max);
  const Stats stats = rig.store->stats();
  CHECK(stats.evictions > 1000);
  CHECK(stats.bytes_used > config.bytes_max * 3 / 4);
  for (const ObjectRef ref : pinned) rig.store->unpin(0, ref);
  CHECK_EQ(rig.store->stats().bytes_unlinked, 0u);
  CHECK_EQ(rig.store->stats().pins, 0u);
}

TEST(a_full_store_is_full_of_objects) {
  Config config;
  config.bytes_max = 16u << 20;
  Rig rig(config);
  std::mt19937_64 random(5);
  for (int i = 0; i < 40'000; ++i) {
    rig.put("/" + std::to_string(random() % 100'000), std::string(200 + random() % 4000, 'b'), std::string(200, 'h'), random() % 2 == 0);
  }
  const Stats stats = rig.store->stats();
  CHECK(stats.bytes_used * 100 > stats.bytes_max * 85);
  CHECK_EQ(stats.windowed, 0u);
}

TEST(what_is_counted_is_what_is_used) {
  Rig rig;
  for (int i = 0; i < 2000; ++i) rig.put("/" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 3, 'x'));
  const Inside in(*rig.store);
  std::uint64_t free = 0;
  for (u32 i = 0; i < in.root.arena_count; ++i) free += ArenaView(in.base, in.root.arenas[i]).free_granules();
  const Stats stats = rig.store->stats();
  CHECK_EQ(stats.bytes_used + free * granule_bytes, stats.bytes_max);
}

TEST(what_is_asked_for_again_outlives_a_scan) {
  Config config;
  config.bytes_max = 2u << 20;
  Rig rig(config);
  for (int i = 0; i < 100; ++i) rig.put("/popular/" + std::to_string(i), std::string(1000, 'x'));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) CHECK(rig.has("/popular/" + std::to_string(i)));
  }
  for (int i = 0; i < 20'000; ++i) rig.put("/scan/" + std::to_string(i), std::string(1000, 'x'));
  int left = 0;
  for (int i = 0; i < 100; ++i) left += rig.has("/popular/" + std::to_string(i)) ? 1 : 0;
  CHECK_EQ(left, 100);
}

TEST(popular_keys_among_scans_hit_more_often_than_with_lru) {
  Config config;
  config.bytes_max = 4u << 20;
  Rig rig(config);
  const std::vector<std::uint64_t> trace = trace_with_scans(240'000);
  const std::string body(1000, 'x');
  std::size_t hits = 0;
  for (const std::uint64_t key : trace) {
    if (rig.has(std::to_string(key))) hits += 1;
    else rig.put(std::to_string(key), body, "");
  }
  Lru lru(rig.store->stats().objects);
  std::size_t lru_hits = 0;
  for (const std::uint64_t key : trace) lru_hits += lru.hit(key) ? 1 : 0;
  std::printf("# of %zu: %zu hits, LRU with as many objects %zu\n", trace.size(), hits, lru_hits);
  CHECK(hits * 100 > lru_hits * 110);
}

TEST(an_object_that_is_being_read_is_not_evicted) {
  Config config;
  config.bytes_max = 2u << 20;
  Rig rig(config);
  CHECK(rig.put("/read", body_of("read", 200'000)));
  const LookupResult found = rig.look("/read");
  for (int i = 0; i < 5000; ++i) rig.put("/scan/" + std::to_string(i), std::string(2000, 'x'));
  CHECK_EQ(rig.store->stats().bytes_unlinked, 0u);
  CHECK(rig.get("/read") == body_of("read", 200'000));
  rig.store->unpin(0, found.ref);
}

PARAPET_TEST_MAIN
