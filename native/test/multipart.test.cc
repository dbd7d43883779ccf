// A body of several ranges: its text, its length.
#include "core/multipart.h"

#include <cstring>
#include <string>
#include <vector>

#include "check.h"

using namespace parapet;

namespace {

std::vector<std::uint8_t> words_of(std::initializer_list<Multipart::Part> parts) {
    std::vector<std::uint8_t> words;
    for (const Multipart::Part& part : parts) {
        std::uint8_t bytes[16];
        std::memcpy(bytes, &part.first, 8);
        std::memcpy(bytes + 8, &part.last, 8);
        words.insert(words.end(), bytes, bytes + 16);
    }
    return words;
}

/// The whole body for parts of a text.
std::string body_of(Multipart& multipart, const std::string& whole) {
    std::vector<std::uint8_t> room(4096);
    ByteSink out(room.data(), room.size());
    for (; multipart.current() != nullptr; multipart.close()) {
        const Multipart::Part part = *multipart.current();
        multipart.open(out);
        out.put(std::string_view(whole).substr(part.first, part.last - part.first + 1));
    }
    multipart.write_end(out);
    return {reinterpret_cast<const char*>(room.data()), out.size()};
}

}  // namespace

TEST(parts_are_written_with_their_type_and_range) {
    Multipart multipart;
    CHECK(multipart.read(words_of({{0, 1}, {5, 9}}), 10));
    multipart.describe("text/plain", "xyz");
    CHECK_EQ(multipart.type(), "multipart/byteranges; boundary=xyz");
    const std::uint64_t length = multipart.length();
    const std::string body = body_of(multipart, "0123456789");
    CHECK_EQ(body,
             "--xyz\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
             "\r\n--xyz\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-9/10\r\n\r\n56789\r\n--xyz--\r\n");
    CHECK_EQ(length, body.size());
}

TEST(a_part_of_a_body_without_a_type_has_none) {
    Multipart multipart;
    CHECK(multipart.read(words_of({{9, 9}, {0, 0}, {3, 4}}), 10));
    multipart.describe("", "b");
    const std::uint64_t length = multipart.length();
    const std::string body = body_of(multipart, "0123456789");
    CHECK_EQ(body.find("Content-Type"), std::string::npos);
    CHECK_EQ(length, body.size());
}

TEST(lengths_are_exact_beyond_32_bits) {
    Multipart multipart;
    const std::uint64_t size = 10'000'000'000;
    CHECK(multipart.read(words_of({{0, 4'999'999'999}, {5'000'000'000, size - 1}}), size));
    multipart.describe("a/b", "bound");
    std::vector<std::uint8_t> room(4096);
    ByteSink out(room.data(), room.size());
    multipart.open(out);
    multipart.close();
    multipart.open(out);
    multipart.close();
    multipart.write_end(out);
    CHECK(multipart.current() == nullptr);
    CHECK_EQ(multipart.length(), out.size() + size);
}

TEST(parts_that_do_not_lie_within_the_body_are_refused) {
    Multipart multipart;
    CHECK(!multipart.read({}, 10));
    CHECK(!multipart.read(words_of({{0, 10}}), 10));
    CHECK(!multipart.read(words_of({{3, 2}}), 10));
    CHECK(!multipart.read(words_of({{0, 1}, {5, ~std::uint64_t{0}}}), 10));
    const auto words = words_of({{0, 1}});
    CHECK(!multipart.read(std::span(words).first(15), 10));
}

PARAPET_TEST_MAIN
