// What an object costs beside its bytes: its entry, its slot, its share of ghosts, directory and slabs.
#include <algorithm>
#include <cstdio>
#include <string>

#include "test/check.h"
#include "test/store_rig.h"

using namespace parapet::store;

namespace {

constexpr std::uint64_t bytes_per_object_max = 128;

double overhead_of(const Stats& stats) { return static_cast<double>(stats.bytes_entries + stats.bytes_index) / static_cast<double>(stats.objects); }

}  // namespace

// Segments of the index split all at about the same time: right after it they are emptiest. So it is watched all the way, over
// more than one doubling.
TEST(an_object_costs_at_most_128_bytes_of_index_however_many_there_are) {
  Config config;
  config.bytes_max = 31u << 20;  // one shard
  Rig rig(config);
  double most = 0;
  for (int i = 0; i < 60'000; ++i) {
    CHECK(rig.put("key-" + std::to_string(i), "b", ""));
    if (i >= 20'000 && i % 100 == 0) most = std::max(most, overhead_of(rig.store->stats()));
  }
  CHECK_EQ(rig.store->stats().objects, 60'000u);
  CHECK_EQ(rig.store->stats().evictions, 0u);
  std::printf("# at most %.1f bytes of entry and index each\n", most);
  CHECK(most <= static_cast<double>(bytes_per_object_max));
}

// Entries of what was evicted serve again.
TEST(the_index_does_not_grow_while_objects_come_and_go) {
  Config config;
  config.bytes_max = 8u << 20;
  Rig rig(config);
  for (int i = 0; i < 40'000; ++i) CHECK(rig.put("first-" + std::to_string(i), "b", ""));
  const Stats before = rig.store->stats();
  CHECK(before.evictions > 0);
  for (int i = 0; i < 100'000; ++i) CHECK(rig.put("then-" + std::to_string(i), "b", ""));
  const Stats after = rig.store->stats();
  CHECK(after.bytes_entries + after.bytes_index <= before.bytes_entries + before.bytes_index + (64u << 10));
  CHECK(overhead_of(after) <= static_cast<double>(bytes_per_object_max));
}

PARAPET_TEST_MAIN
