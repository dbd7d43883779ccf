#include "core/zone_tally.h"

#include "test/check.h"

using namespace parapet;

TEST(a_worker_gets_the_same_counts_for_the_same_zone_and_others_have_their_own) {
  ZoneTally tally;
  ZoneCounts& first = tally.of(0, "a");
  CHECK(&tally.of(0, "a") == &first);
  CHECK(&tally.of(1, "a") != &first);
  CHECK(&tally.of(0, "b") != &first);
}

TEST(what_the_workers_counted_is_summed_up_by_zone_in_the_order_of_first_use) {
  ZoneTally tally;
  tally.of(1, "late").ended(cache_result::hit, 10);
  tally.of(0, "a").ended(cache_result::miss, 5);
  ZoneCounts::add(tally.of(0, "a").origin_bytes, 7);
  tally.of(0, "late").ended(cache_result::hit, 1);
  ZoneCounts::add(tally.of(0, "late").collapsed, 1);
  tally.of(0, "late").ended(zone_results, 1);  // no such result: counts nothing
  const std::vector<ZoneSum> sums = tally.sums();
  CHECK_EQ(sums.size(), 2u);
  CHECK_EQ(sums[0].zone, std::string("late"));
  CHECK_EQ(sums[0].requests[cache_result::hit], 2u);
  CHECK_EQ(sums[0].bytes[cache_result::hit], 11u);
  CHECK_EQ(sums[0].collapsed, 1u);
  CHECK_EQ(sums[0].origin_bytes, 0u);
  CHECK_EQ(sums[1].requests[cache_result::miss], 1u);
  CHECK_EQ(sums[1].origin_bytes, 7u);
}

TEST(zones_beyond_the_limit_are_counted_together) {
  ZoneTally tally;
  for (std::size_t i = 0; i < ZoneTally::zones_max; ++i) (void)tally.of(0, std::to_string(i));
  tally.of(0, "beyond").ended(cache_result::hit, 1);
  tally.of(0, "far beyond").ended(cache_result::hit, 1);
  tally.of(0, "7").ended(cache_result::hit, 1);
  const std::vector<ZoneSum> sums = tally.sums();
  CHECK_EQ(sums.size(), ZoneTally::zones_max + 1);
  CHECK_EQ(sums.back().zone, std::string());
  CHECK_EQ(sums.back().requests[cache_result::hit], 2u);
  CHECK_EQ(sums[7].requests[cache_result::hit], 1u);
}

PARAPET_TEST_MAIN
