// The chunked coding, taken apart: sizes, extensions, data, trailers, and everything that is not quite them.
#include "core/http1_chunk.h"

#include <string>
#include <string_view>

#include "test/check.h"
#include "test/http1_harness.h"

using namespace parapet;
using http1::ChunkEvent;
using http1::ChunkLimits;
using http1::harness::ChunkOutcome;

namespace {

constexpr std::size_t kept_bytes = http1::kept_trailer_bytes(ChunkLimits{});

ChunkOutcome read(std::string_view input, const ChunkLimits& limits = {}, std::size_t kept = kept_bytes) {
    return http1::harness::read_chunks_in(input, http1::harness::whole(input), limits, kept);
}

/// The body and its trailers, or the fault.
std::string told(std::string_view input, const ChunkLimits& limits = {}, std::size_t kept = kept_bytes) {
    const ChunkOutcome outcome = read(input, limits, kept);
    if (outcome.broken != nullptr) return outcome.broken;
    if (outcome.event == ChunkEvent::error) return std::to_string(outcome.status) + " " + reasons[outcome.reason];
    if (outcome.event == ChunkEvent::need_more) return "need_more after " + outcome.body;
    return outcome.body + "|" + outcome.trailers;
}

std::string trailers(std::string_view lines, const ChunkLimits& limits = {}, std::size_t kept = kept_bytes) {
    return told("0\r\n" + std::string(lines) + "\r\n", limits, kept);
}

}  // namespace

TEST(chunks_are_joined_and_what_follows_is_left) {
    const ChunkOutcome outcome = read("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /");
    CHECK(outcome.event == ChunkEvent::end);
    CHECK(outcome.broken == nullptr);
    CHECK_EQ(outcome.body, "abcde");
    CHECK_EQ(outcome.consumed, 20);
    CHECK_EQ(outcome.trailers, "");
}

TEST(data_comes_out_where_it_lies) {
    const std::string text = "5\r\nhello\r\n";
    const std::span in(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    http1::ChunkDecoder decoder;
    const auto step = decoder.feed(in.first(5));
    CHECK(step.event == ChunkEvent::data);
    CHECK(step.data.data() == in.data() + 3);
    CHECK_EQ(step.data.size(), 2);
    CHECK_EQ(decoder.chunk_remaining(), 3);
    CHECK_EQ(decoder.body_bytes(), 2);
}

TEST(an_end_stays_an_end_and_an_error_an_error) {
    http1::ChunkDecoder decoder;
    const std::uint8_t good[] = {'0', '\r', '\n', '\r', '\n'};
    CHECK(decoder.feed(good).event == ChunkEvent::end);
    const auto again = decoder.feed(good);
    CHECK(again.event == ChunkEvent::end);
    CHECK_EQ(again.consumed, 0);
    http1::ChunkDecoder other;
    const std::uint8_t bad[] = {'x'};
    CHECK(other.feed(bad).event == ChunkEvent::error);
    CHECK(other.feed(good).event == ChunkEvent::error);
}

TEST(sizes_are_hexadecimal_in_any_case_with_leading_zeros) {
    CHECK_EQ(told("A\r\n0123456789\r\n0\r\n\r\n"), "0123456789|");
    CHECK_EQ(told("a\r\n0123456789\r\n000\r\n\r\n"), "0123456789|");
    CHECK_EQ(told("000000000000000a\r\n0123456789\r\n0\r\n\r\n"), "0123456789|");
    CHECK_EQ(told("0000000000000000\r\n\r\n"), "|");
}

TEST(a_size_that_is_no_size_is_refused) {
    for (const std::string bad : {"\r\n", " 5\r\n", "+5\r\n", "-5\r\n", "0x5\r\n", "5h\r\n", "g", "5 \r\n", "5\t\r\n",
                                  "5 5\r\n", ";a\r\n", "5,\r\n", "\x80", "_", "1_0", "00000000000000005",
                                  "20000000000000", "ffffffffffffffff", "8000000000000000"}) {
        CHECK_EQ(told(bad), "400 bad_chunk");
    }
    CHECK_EQ(told("1fffffffffffff\r\nx"), "need_more after x");
    CHECK_EQ(told("5\n"), "400 bare_line_feed");
    CHECK_EQ(told("\n"), "400 bare_line_feed");
    CHECK_EQ(told("5\rX"), "400 bare_carriage_return");
    CHECK_EQ(told("5\r\r\n"), "400 bare_carriage_return");
}

TEST(data_is_followed_by_exactly_one_line_end) {
    CHECK_EQ(told("3\r\nabcd\r\n"), "400 bad_chunk");
    CHECK_EQ(told("3\r\nab\r\n0\r\n\r\n"), "400 bare_line_feed");
    CHECK_EQ(told("3\r\nabc0\r\n\r\n"), "400 bad_chunk");
    CHECK_EQ(told("3\r\nabc\n"), "400 bare_line_feed");
    CHECK_EQ(told("3\r\nabc\rX"), "400 bare_carriage_return");
    CHECK_EQ(told("3\r\nabc\r\n\r\n"), "400 bad_chunk");
    CHECK_EQ(told("3\r\nabc \r\n"), "400 bad_chunk");
}

TEST(extensions_are_read_and_ignored) {
    for (const std::string good : {";a", ";a=b", ";a=\"b\"", "; a", " ;a", "\t;\ta = b", ";a;b;c=d", ";a=\"x;y\\\"\"",
                                   ";a=\"\"", ";a=\"\xe9\\\\\t\" ;b", ";a ;b"}) {
        CHECK_EQ(told("1" + good + "\r\nx\r\n0" + good + "\r\n\r\n"), "x|");
    }
}

TEST(extensions_that_are_none_are_refused) {
    for (const std::string bad : {";",    "; ",      ";;",     ";=b",         ";a=",           ";a=;", ";a=b=c",
                                  ";a b", ";a=b c",  ";a=\"b", ";a=\"b\"c",   ";a=b\"c\"",     ";a ",  ";a=b ",
                                  ";(",   ";a=\x80", ";a\x01", ";a=\"\x01\"", ";a=\"\\\x01\"", ";\xff"}) {
        CHECK_EQ(told("1" + bad + "\r\n"), "400 bad_chunk");
    }
    CHECK_EQ(told("1;a\n"), "400 bare_line_feed");
    CHECK_EQ(told("1;a=\"\n"), "400 bare_line_feed");
    CHECK_EQ(told("1;a\rX"), "400 bare_carriage_return");
    CHECK_EQ(told("1;a=\"b\r\n\"\r\n"), "400 bad_chunk");
}

TEST(extensions_of_one_line_have_a_limit) {
    const ChunkLimits limits{10, 100, 10};
    CHECK_EQ(told("0;a23456789\r\n\r\n", limits), "|");
    CHECK_EQ(told("0;a234567890\r\n\r\n", limits), "400 bad_chunk");
    CHECK_EQ(told("1;a23456789\r\nx\r\n0;a23456789\r\n\r\n", limits), "x|");
}

TEST(extensions_of_all_chunks_together_have_a_limit) {
    std::string text;
    const std::string extension = ";" + std::string(4000, 'a');
    for (int chunk = 0; chunk < 16; ++chunk) text += "1" + extension + "\r\nx\r\n";
    CHECK_EQ(told(text), "need_more after " + std::string(16, 'x'));
    text += "1" + extension + "\r\nx\r\n";
    CHECK_EQ(told(text), "400 bad_chunk");
}

TEST(trailers_come_out_in_one_form) {
    CHECK_EQ(trailers("X-Checksum:abc\r\nOther-One: \t two words \t\r\nempty:\r\nblank: \r\n"),
             "|x-checksum: abc\r\nother-one: two words\r\nempty: \r\nblank: \r\n");
    CHECK_EQ(trailers("ETag: \"x\"\r\ncontent-digest: y\r\nProxy-Status: z\r\n"),
             "|etag: \"x\"\r\ncontent-digest: y\r\nproxy-status: z\r\n");
}

TEST(trailers_that_speak_of_framing_routing_or_access_are_dropped) {
    for (const std::string name : {"Content-Length",
                                   "Transfer-Encoding",
                                   "Host",
                                   "Connection",
                                   "Keep-Alive",
                                   "Proxy-Connection",
                                   "TE",
                                   "Trailer",
                                   "Upgrade",
                                   "Expect",
                                   "Max-Forwards",
                                   "Via",
                                   "Authorization",
                                   "Proxy-Authorization",
                                   "WWW-Authenticate",
                                   "Set-Cookie",
                                   "Set-Cookie2",
                                   "Cookie",
                                   "Cache-Control",
                                   "Expires",
                                   "Age",
                                   "Vary",
                                   "Location",
                                   "Content-Type",
                                   "Content-Encoding",
                                   "Content-Range",
                                   "Content-Foo",
                                   "Range",
                                   "If-Match",
                                   "X-Forwarded-For",
                                   "X-Forwarded-Client-Cert",
                                   "Access-Control-Allow-Methods",
                                   "Sec-WebSocket-Key",
                                   "Parapet-Ray",
                                   "Forwarded",
                                   "Date"}) {
        CHECK_EQ(trailers("a: 1\r\n" + name + ": 5\r\nb: 2\r\n"), "|a: 1\r\nb: 2\r\n");
    }
}

TEST(trailer_lines_are_judged_as_head_lines) {
    CHECK_EQ(trailers("a : b\r\n"), "400 space_before_colon");
    CHECK_EQ(trailers(" a: b\r\n"), "400 obs_fold");
    CHECK_EQ(trailers("a: b\r\n c\r\n"), "400 obs_fold");
    CHECK_EQ(trailers(": b\r\n"), "400 bad_trailer");
    CHECK_EQ(trailers("a\r\n"), "400 bad_trailer");
    CHECK_EQ(trailers("a\x80: b\r\n"), "400 bad_trailer");
    CHECK_EQ(trailers("a: b\x01\r\n"), "400 bad_trailer");
    CHECK_EQ(trailers("a: b\n"), "400 bare_line_feed");
    CHECK_EQ(trailers("a\n"), "400 bare_line_feed");
    CHECK_EQ(trailers("a: b\rc\r\n"), "400 bare_carriage_return");
    CHECK_EQ(told("0\r\n\n"), "400 bare_line_feed");
    CHECK_EQ(told("0\r\n\rX"), "400 bare_carriage_return");
    CHECK_EQ(trailers("content-length: \x01\r\n"), "400 bad_trailer");
}

TEST(trailers_have_limits) {
    const ChunkLimits limits{10, 12, 2};
    CHECK_EQ(trailers("a: b\r\nc: d\r\n", limits), "|a: b\r\nc: d\r\n");
    CHECK_EQ(trailers("a: b\r\nc: de\r\n", limits), "431 head_too_large");
    CHECK_EQ(trailers("a:\r\nb:\r\nc:\r\n", limits), "431 too_many_fields");
    CHECK_EQ(trailers("a:\r\nb:\r\n\r\n", limits, http1::kept_trailer_bytes(limits)), "|a: \r\nb: \r\n");
}

TEST(room_for_trailers_is_never_overrun) {
    for (std::size_t kept = 0; kept <= 12; ++kept) {
        const std::string expected = kept == 0 ? "|" : kept < 12 ? "431 head_too_large" : "|a: b\r\nc: d\r\n";
        CHECK_EQ(trailers("a: b\r\nc: d\r\n", {}, kept), expected);
    }
    CHECK_EQ(trailers("a : b\r\n", {}, 0), "400 space_before_colon");
}

TEST(a_body_that_is_cut_off_waits) {
    const std::string text = "3;x=\"y\"\r\nabc\r\n0\r\na: b\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
        const ChunkOutcome outcome = read(text.substr(0, size));
        CHECK(outcome.event == ChunkEvent::need_more);
        CHECK_EQ(outcome.consumed, size);
    }
    CHECK_EQ(told(text), "abc|a: b\r\n");
}

PARAPET_TEST_MAIN
