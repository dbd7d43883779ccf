// CRC-32C: the vectors of RFC 3720 appendix B.4, and both ways to count it against each other.
#include "../core/crc32c.h"

#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "check.h"

using namespace parapet;

TEST(the_vectors_of_rfc_3720) {
    std::vector<std::uint8_t> bytes(32, 0);
    CHECK_EQ(crc32c(bytes), 0x8a9136aau);
    bytes.assign(32, 0xff);
    CHECK_EQ(crc32c(bytes), 0x62a8ab43u);
    std::iota(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(0));
    CHECK_EQ(crc32c(bytes), 0x46dd794eu);
    CHECK_EQ(crc32c_plain(bytes), 0x46dd794eu);
}

TEST(the_instruction_and_the_table_agree_on_every_length) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> bytes(700);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const std::span<const std::uint8_t> all(bytes);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        CHECK_EQ(crc32c(all.first(length)), crc32c_plain(all.first(length)));
        CHECK_EQ(crc32c(all.subspan(length), crc32c(all.first(length))), crc32c(all));
    }
}

PARAPET_TEST_MAIN
