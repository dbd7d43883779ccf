// Keys that request fields extend: a purge of their URL makes them unreachable, and nothing else.
#include <string>
#include <vector>

#include "core/store_key.h"
#include "test/check.h"

using namespace parapet;

namespace {

const HashKey secret{1, 2};

std::vector<std::uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<std::uint8_t> completed(const std::vector<std::uint8_t>& key) {
    std::vector<std::uint8_t> room(key.size() + 5);
    const auto span = stored_key(secret, key, room);
    return {span.begin(), span.end()};
}

// A zone key whose bytes hold the mark, to show that they are not searched.
const std::string zone("\x01\x00\x00\x00", 4);

}  // namespace

TEST(a_plain_key_is_used_as_it_is) {
    const auto key = bytes(zone + "hsite.test" + std::string(1, '\0') + "/a?b");
    CHECK(completed(key) == key);
    CHECK_EQ(url_part(key).size(), key.size());
}

TEST(an_extended_key_carries_the_epoch_of_its_url) {
    const auto url = bytes(zone + "hsite.test" + std::string(1, '\0') + "/extended");
    auto key = url;
    for (const char c : std::string("\x01origin=http://a")) key.push_back(static_cast<std::uint8_t>(c));
    const auto before = completed(key);
    CHECK_EQ(before.size(), key.size() + 5);
    CHECK(completed(key) == before);
    Process::get().purge_epochs.raise(siphash13(secret, url));
    CHECK(completed(key) != before);
}

TEST(a_key_that_settings_extend_carries_it_too) {
    const auto url = bytes(zone + "hsite.test" + std::string(1, '\0') + "/custom");
    auto key = url;
    for (const char c : std::string("\x05header x-tenant=a")) key.push_back(static_cast<std::uint8_t>(c));
    const auto before = completed(key);
    CHECK_EQ(before.size(), key.size() + 5);
    Process::get().purge_epochs.raise(siphash13(secret, url));
    CHECK(completed(key) != before);
}

TEST(a_variant_of_a_plain_key_hangs_on_its_marker_alone) {
    const auto key = bytes(zone + "hsite.test" + std::string(1, '\0') + "/v\x02\x01\x05\x01\x05\x03" "de");
    CHECK(completed(key) == key);
}

TEST(an_extended_key_that_does_not_fit_is_no_key) {
    auto key = bytes(zone + "hsite.test" + std::string(1, '\0') + "/x\x01y");
    std::vector<std::uint8_t> room(key.size() + 4);
    CHECK(stored_key(secret, key, room).empty());
    key.resize(store::key_bytes_limit, 'z');
    std::vector<std::uint8_t> enough(key.size() + 5);
    CHECK(stored_key(secret, key, enough).empty());
}

PARAPET_TEST_MAIN
