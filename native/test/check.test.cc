// The test kit tests itself: what it compares, and how it shows a difference.
#include "test/check.h"

#include <cstdint>
#include <string_view>

using parapet::test::is_equal;
using parapet::test::show;

TEST(comparison_does_not_wrap_negative_numbers) {
  CHECK(!is_equal(-1, ~0U));
  CHECK(!is_equal(std::int64_t{-1}, ~std::uint64_t{0}));
  CHECK(is_equal(std::uint8_t{7}, 7LL));
}

TEST(values_are_shown_as_a_person_reads_them) {
  CHECK_EQ(show(std::uint8_t{65}), "65");
  CHECK_EQ(show(true), "true");
  CHECK_EQ(show(std::string_view{"a"}), "a");
  CHECK_EQ(show("a"), "\"a\"");
}

PARAPET_TEST_MAIN
