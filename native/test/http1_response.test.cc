// What a response head must look like, which body it announces, and which fault an origin is told of.
#include "core/http1_response.h"

#include <string>
#include <string_view>

#include "test/check.h"
#include "test/http1_harness.h"

using namespace parapet;
using http1::Body;
using http1::HeadLimits;
using http1::Parse;
using http1::harness::HeadOutcome;

namespace {

constexpr HeadLimits limits{16384, 8192, 100};

HeadOutcome read(std::string_view input, std::int32_t method = method_id::get, const HeadLimits& within = limits) {
    return http1::harness::read_response_in(input, http1::harness::whole(input), within, method);
}

/// "ok", "need_more", or the reason.
std::string told(std::string_view input, const HeadLimits& within = limits) {
    const HeadOutcome head = read(input, method_id::get, within);
    if (head.result.state == Parse::need_more) return "need_more";
    if (head.result.state == Parse::ok) return "ok";
    return head.result.status == 502 && head.result.consumed == 0 ? reasons[head.result.reason]
                                                                  : "an error without 502";
}

std::string with(std::string_view lines, std::string_view status_line = "HTTP/1.1 200 OK") {
    return std::string(status_line) + "\r\n" + std::string(lines) + "\r\n";
}

std::string flags_of(const HeadOutcome& head) {
    std::string out;
    const auto add = [&](std::int32_t flag, const char* name) {
        if (head.has(flag)) out += name;
    };
    add(head_flag::has_content_length, "length ");
    add(head_flag::chunked, "chunked ");
    add(head_flag::close_delimited, "close ");
    add(head_flag::keep_alive, "alive ");
    return out;
}

/// Body and flags, in words.
std::string framing(std::string_view input, std::int32_t method = method_id::get) {
    const HeadOutcome head = read(input, method);
    if (head.result.state != Parse::ok) return "refused";
    if (const char* const broken = http1::harness::broken_head(head, input.size(), limits); broken != nullptr)
        return broken;
    constexpr const char* bodies[] = {"none: ", "length: ", "chunked: ", "close: "};
    return bodies[static_cast<int>(head.result.body)] + flags_of(head);
}

}  // namespace

TEST(a_plain_response_fills_the_table) {
    const std::string_view text = "HTTP/1.1 404 Not  Found\r\nServer: x\r\nCONTENT-LENGTH: 12\r\nX-a:b\r\n\r\nrest";
    const HeadOutcome head = read(text);
    CHECK(head.result.state == Parse::ok);
    CHECK(http1::harness::broken_head(head, text.size(), limits) == nullptr);
    CHECK_EQ(head.result.consumed, text.size() - 4);
    CHECK_EQ(head.word(head_word::code), 404);
    CHECK_EQ(head.word(head_word::version), 11);
    CHECK_EQ(head.span(head_word::method_offset), "Not  Found");
    CHECK_EQ(head.word(head_word::content_length_low), 12);
    CHECK_EQ(head.word(head_word::field_count), 3);
    CHECK_EQ(head.name(1), "content-length");
    CHECK_EQ(head.id(0), known::server);
    CHECK_EQ(head.value(2), "b");
    CHECK_EQ(head.word(head_word::target_length), 0);
    CHECK_EQ(head.word(head_word::authority_length), 0);
    CHECK_EQ(head.word(head_word::table_bytes), (head_words + 3 * field_words) * 4);
    CHECK_EQ(head.word(head_word::known_low), 1 << known::content_length);
    CHECK_EQ(head.word(head_word::known_high), 1 << (known::server - 32));
}

TEST(a_reason_phrase_may_be_empty_or_missing) {
    CHECK_EQ(read("HTTP/1.1 200 \r\n\r\n").span(head_word::method_offset), "");
    CHECK_EQ(read("HTTP/1.1 200\r\n\r\n").span(head_word::method_offset), "");
    CHECK_EQ(read("HTTP/1.1 200\r\n\r\n").word(head_word::code), 200);
    CHECK_EQ(read("HTTP/1.1 200 \xe9t\xe9\t!\r\n\r\n").span(head_word::method_offset), "\xe9t\xe9\t!");
}

TEST(a_status_line_is_exact) {
    for (const std::string bad :
         {"HTTP/1.1 2000 x\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 20x\r\n", "HTTP/1.1  200\r\n", "HTTP/1.1200",
          "HTTP/1.1 099 x\r\n", "HTTP/1.1 600 x\r\n", "HTTP/1.1 999 x\r\n", "HTTP/1.1 -20", "HTTP/1.1 200x",
          "HTTP/1.1 200\tOK\r\n", "HTTP/1.1\t200", "HTTP/1.1 200 \x01", "HTTP/1.1 200 a\x7f", "HTTP/1.10 200"}) {
        CHECK_EQ(told(bad), "bad_status_line");
    }
    for (const std::string bad : {"http/1.1 200 OK\r\n", "HTTP/1,1 200 OK\r\n", "ICY 200 OK\r\n",
                                  "\r\nHTTP/1.1 200 OK\r\n", " HTTP/1.1 200 OK\r\n", "HTTP/11", "{}", "HTTP/x.1"}) {
        CHECK_EQ(told(bad), "bad_version");
    }
    CHECK_EQ(told("HTTP/2.0 200 OK\r\n"), "version_not_supported");
    CHECK_EQ(told("HTTP/0.9 200 OK\r\n"), "version_not_supported");
    CHECK_EQ(told("HTTP/1.1 200 OK\n"), "bare_line_feed");
    CHECK_EQ(told("HTTP/1.1 200\n"), "bare_line_feed");
    CHECK_EQ(told("\n"), "bare_line_feed");
    CHECK_EQ(told("HTTP/1.1 200 OK\rX"), "bare_carriage_return");
    CHECK_EQ(told(with("", "HTTP/1.7 200 OK")), "ok");
    CHECK_EQ(read(with("", "HTTP/1.7 200 OK")).word(head_word::version), 11);
    CHECK_EQ(read(with("", "HTTP/1.0 200 OK")).word(head_word::version), 10);
    CHECK_EQ(told(with("", "HTTP/1.1 100 Continue")), "ok");
    CHECK_EQ(told(with("", "HTTP/1.1 599 x")), "ok");
}

TEST(field_lines_are_judged_as_in_requests) {
    CHECK_EQ(told(with("a : b\r\n")), "space_before_colon");
    CHECK_EQ(told(with("a: b\r\n c\r\n")), "obs_fold");
    CHECK_EQ(told(with(" a: b\r\n")), "obs_fold");
    CHECK_EQ(told(with(": b\r\n")), "bad_field_name");
    CHECK_EQ(told(with("a\r\n")), "bad_field_name");
    CHECK_EQ(told(with("a: b\x02\r\n")), "bad_field_value");
    CHECK_EQ(told(with("a: b\n")), "bare_line_feed");
    CHECK_EQ(told(with("a: b\rc\r\n")), "bare_carriage_return");
    CHECK_EQ(told("HTTP/1.1 200 OK\r\n\n"), "bare_line_feed");
}

TEST(lengths_and_codings_are_judged_as_in_requests) {
    CHECK_EQ(told(with("Content-Length: 5\r\nContent-Length: 5\r\n")), "repeated_content_length");
    CHECK_EQ(told(with("Content-Length: 5\r\nContent-Length: 6\r\n")), "repeated_content_length");
    CHECK_EQ(told(with("Content-Length: 5, 5\r\n")), "bad_content_length");
    CHECK_EQ(told(with("Content-Length: -1\r\n")), "bad_content_length");
    CHECK_EQ(told(with("Content-Length:\r\n")), "bad_content_length");
    CHECK_EQ(told(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), "length_and_coding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")), "length_and_coding");
    CHECK_EQ(told(with("Transfer-Encoding: gzip, chunked\r\n")), "unknown_transfer_coding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked, chunked\r\n")), "bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK")), "coding_in_1_0");
}

TEST(a_coding_of_nobody_ends_with_its_connection) {
    CHECK_EQ(framing(with("Transfer-Encoding: abc\r\n")), "close: close ");
    CHECK_EQ(told(with("Transfer-Encoding: x-gzip\r\n")), "unknown_transfer_coding");
    CHECK_EQ(told(with("Transfer-Encoding: abc, chunked\r\n")), "unknown_transfer_coding");
    CHECK_EQ(told(with("Transfer-Encoding: abc;a=b\r\n")), "unknown_transfer_coding");
    CHECK_EQ(told(with("Transfer-Encoding: abc\r\nTransfer-Encoding: abc\r\n")), "bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: abc\r\nTransfer-Encoding: chunked\r\n")), "bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: abc\r\n")), "bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: abc\r\nContent-Length: 5\r\n")), "length_and_coding");
    CHECK_EQ(told(with("Content-Length: 5\r\nTransfer-Encoding: abc\r\n")), "length_and_coding");
    CHECK_EQ(told(with("Transfer-Encoding: abc\r\n", "HTTP/1.0 200 OK")), "coding_in_1_0");
}

TEST(the_body_is_framed_by_the_first_rule_that_fits) {
    CHECK_EQ(framing(with("Content-Length: 5\r\n")), "length: length alive ");
    CHECK_EQ(framing(with("Content-Length: 0\r\n")), "none: length alive ");
    CHECK_EQ(framing(with("Transfer-Encoding: chunked\r\n")), "chunked: chunked alive ");
    CHECK_EQ(framing(with("")), "close: close ");
    CHECK_EQ(framing(with("Connection: keep-alive\r\n")), "close: close ");
    CHECK_EQ(framing(with("Content-Length: 5\r\nConnection: close\r\n")), "length: length ");
    CHECK_EQ(framing(with("Content-Length: 5\r\n", "HTTP/1.0 200 OK")), "length: length ");
    CHECK_EQ(framing(with("Content-Length: 5\r\nConnection: keep-alive\r\n", "HTTP/1.0 200 OK")),
             "length: length alive ");
}

TEST(no_body_follows_a_head_request) {
    CHECK_EQ(framing(with("Content-Length: 5\r\n"), method_id::head), "none: length alive ");
    CHECK_EQ(read(with("Content-Length: 5\r\n"), method_id::head).word(head_word::content_length_low), 5);
    CHECK_EQ(framing(with("Transfer-Encoding: chunked\r\n"), method_id::head), "none: alive ");
    CHECK_EQ(framing(with(""), method_id::head), "none: alive ");
}

TEST(no_body_follows_304_204_and_1xx) {
    CHECK_EQ(framing(with("Content-Length: 5\r\n", "HTTP/1.1 304 Not Modified")), "none: length alive ");
    CHECK_EQ(framing(with("", "HTTP/1.1 304 Not Modified")), "none: alive ");
    CHECK_EQ(framing(with("", "HTTP/1.1 204 No Content")), "none: alive ");
    CHECK_EQ(framing(with("Content-Length: 0\r\n", "HTTP/1.1 204 No Content")), "none: alive ");
    CHECK_EQ(framing(with("", "HTTP/1.1 103 Early Hints")), "none: alive ");
}

TEST(a_connection_is_not_kept_after_a_204_or_1xx_that_announces_a_body) {
    CHECK_EQ(framing(with("Content-Length: 5\r\n", "HTTP/1.1 204 No Content")), "none: ");
    CHECK_EQ(framing(with("Transfer-Encoding: chunked\r\n", "HTTP/1.1 204 No Content")), "none: ");
    CHECK_EQ(framing(with("Transfer-Encoding: chunked\r\n", "HTTP/1.1 100 Continue")), "none: ");
}

TEST(a_tunnel_has_no_body) {
    CHECK_EQ(framing(with("", "HTTP/1.1 200 OK"), method_id::connect), "none: alive ");
    CHECK_EQ(framing(with("", "HTTP/1.1 407 x"), method_id::connect), "close: close ");
}

TEST(limits_are_judged_as_in_requests) {
    const std::string text = with("a: b\r\nc: d\r\n");
    const auto size = static_cast<std::uint32_t>(text.size());
    CHECK_EQ(told(text, {size, 0, 2}), "ok");
    CHECK_EQ(told(text, {size - 1, 0, 2}), "head_too_large");
    CHECK_EQ(told(text, {size, 0, 1}), "too_many_fields");
    std::int32_t table[head_words + field_words];
    for (std::size_t words = 0; words <= std::size(table); ++words) {
        std::string raw = with("a: b\r\nc: d\r\n");
        http1::HeadScan scan;
        const auto result = http1::parse_response(std::span(reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()),
                                                  scan, std::span(table, words), limits, method_id::get);
        CHECK_EQ(result.reason, reason::memory);
    }
}

TEST(an_origin_tells_how_long_it_keeps_a_connection) {
    CHECK_EQ(http1::idle_limit_ms("timeout=5"), 4000u);
    CHECK_EQ(http1::idle_limit_ms("Timeout=2, max=100"), 1000u);
    CHECK_EQ(http1::idle_limit_ms("max=100 ,timeout=1"), 500u);
    CHECK_EQ(http1::idle_limit_ms("timeout=0"), 0u);
    CHECK_EQ(http1::idle_limit_ms("timeout=99999999999999"), 999'999'000u);
    for (const char* text : {"", "timeout", "timeout=", "timeout=5s", "timeout=-1", "max=5", "xtimeout=5"})
        CHECK_EQ(http1::idle_limit_ms(text), http1::no_idle_limit);
}

TEST(each_reason_has_its_cause_for_proxy_status) {
    CHECK_EQ(http1::response_fail_cause(reason::head_too_large), fail_cause::response_header_size);
    CHECK_EQ(http1::response_fail_cause(reason::too_many_fields), fail_cause::response_header_size);
    CHECK_EQ(http1::response_fail_cause(reason::unknown_transfer_coding), fail_cause::response_transfer_coding);
    CHECK_EQ(http1::response_fail_cause(reason::bad_chunk), fail_cause::response_transfer_coding);
    CHECK_EQ(http1::response_fail_cause(reason::bad_status_line), fail_cause::protocol_error);
    CHECK_EQ(http1::response_fail_cause(reason::memory), fail_cause::internal_error);
}

PARAPET_TEST_MAIN
