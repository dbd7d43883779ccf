// The fast scans are held against their scalar definitions: every byte value at every place, at every distance to the
// end.
#include "core/http1_scan.h"

#include <algorithm>
#include <memory>
#include <string>

#include "test/check.h"

namespace http1 = parapet::http1;

namespace {

constexpr std::size_t places = 40;

/// A heap copy without a byte to spare, so that ASan sees a read behind it.
std::unique_ptr<std::uint8_t[]> exact(const std::string& text) {
    auto copy = std::make_unique<std::uint8_t[]>(text.size());
    std::memcpy(copy.get(), text.data(), text.size());
    return copy;
}

/// Calls `judge` with each byte value set at each place of a run of good bytes; answers how many it finds wrong.
template <typename Judge>
int count_wrong(char good, const Judge& judge) {
    int wrong = 0;
    for (std::size_t size = 0; size <= places; ++size) {
        for (std::size_t place = 0; place < std::max<std::size_t>(size, 1); ++place) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, good);
                if (size > 0) text[place] = static_cast<char>(byte);
                wrong += judge(text) ? 0 : 1;
            }
        }
    }
    return wrong;
}

}  // namespace

TEST(the_end_of_a_value_is_found_as_the_scalar_form_finds_it) {
    const int wrong = count_wrong('v', [](const std::string& text) {
        const auto copy = exact(text);
        const std::uint8_t* const base = copy.get();
        const std::uint8_t* const end = base + text.size();
        for (const std::uint8_t* from = base; from <= end; ++from) {
            if (http1::value_end(base, from, end) != http1::value_end_scalar(from, end)) return false;
        }
        return true;
    });
    CHECK_EQ(wrong, 0);
}

TEST(the_end_of_a_target_is_found_as_the_scalar_form_finds_it) {
    const int wrong = count_wrong('t', [](const std::string& text) {
        const auto copy = exact(text);
        const std::uint8_t* const base = copy.get();
        const std::uint8_t* const end = base + text.size();
        for (const std::uint8_t* from = base; from <= end; ++from) {
            if (http1::target_end(base, from, end) != http1::target_end_scalar(from, end)) return false;
        }
        return true;
    });
    CHECK_EQ(wrong, 0);
}

TEST(a_token_is_lowered_as_the_scalar_form_lowers_it_and_nothing_behind_it) {
    const auto judge = [](const std::string& text) {
        const auto fast = exact(text);
        const auto slow = exact(text);
        const auto fast_length = http1::lower_token(fast.get(), fast.get() + text.size()) - fast.get();
        const auto slow_length = http1::lower_token_scalar(slow.get(), slow.get() + text.size()) - slow.get();
        return fast_length == slow_length && std::memcmp(fast.get(), slow.get(), text.size()) == 0;
    };
    CHECK_EQ(count_wrong('T', judge), 0);
    CHECK_EQ(count_wrong('-', judge), 0);
    CHECK_EQ(count_wrong('_', judge), 0);
}

TEST(the_byte_classes_are_those_of_the_rfc) {
    const std::string marks = "!#$%&'*+-.^_`|~";
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<std::uint8_t>(byte);
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const bool is_mark = c != 0 && marks.find(static_cast<char>(c)) != std::string::npos;
        CHECK_EQ(http1::is_token_byte(c), is_letter || (c >= '0' && c <= '9') || is_mark);
        CHECK_EQ(http1::is_value_byte(c), c == '\t' || (c >= ' ' && c <= '~') || c >= 0x80);
        CHECK_EQ(http1::is_target_byte(c), c >= '!' && c <= '~' && c != '#');
    }
}

PARAPET_TEST_MAIN
