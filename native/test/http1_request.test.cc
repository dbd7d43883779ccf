// What a request head must look like, what becomes of it in the table, and which refusal each fault gets.
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

HeadOutcome read(std::string_view input, const HeadLimits& within = limits) {
    return http1::harness::read_request_in(input, http1::harness::whole(input), within);
}

/// A request with these lines between request line and end.
HeadOutcome with(std::string_view lines) { return read("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n"); }

struct Refusal {
    std::string_view input;
    int status;
    std::int32_t reason;
};

std::string told(const http1::ParseResult& result) {
    if (result.state == Parse::need_more) return "need_more";
    if (result.state == Parse::ok) return "ok";
    return std::to_string(result.status) + " " + reasons[result.reason];
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\r') out += "\\r";
        else if (c == '\n') out += "\\n";
        else out += c;
    }
    return out;
}

/// Judges every row and tells the rows that came out otherwise; empty if there is none.
template <std::size_t Count>
std::string wrong_rows(const Refusal (&rows)[Count]) {
    std::string out;
    for (const Refusal& row : rows) {
        const HeadOutcome head = read(row.input);
        const std::string expected = std::to_string(row.status) + " " + reasons[row.reason];
        if (told(head.result) != expected || head.result.consumed != 0)
            out += "\n  " + escaped(row.input) + ": " + told(head.result) + ", expected " + expected;
    }
    return out;
}

#define CHECK_ROWS(rows) CHECK_EQ(wrong_rows(rows), std::string())
#define CHECK_OK(head)                                \
    CHECK_EQ(told((head).result), std::string("ok")); \
    CHECK(http1::harness::broken_request((head), 1u << 20, limits) == nullptr)

}  // namespace

TEST(a_plain_request_fills_the_table) {
    const std::string_view text =
        "GET /a/b?c=d&e HTTP/1.1\r\nHost: Example.com:8080\r\nUser-Agent: curl/8\r\nX-Other:\t two words \t\r\n\r\nrest";
    const HeadOutcome head = read(text);
    CHECK_OK(head);
    CHECK_EQ(head.result.consumed, text.size() - 4);
    CHECK_EQ(head.result.body, Body::none);
    CHECK_EQ(head.word(head_word::raw_length), text.size() - 4);
    CHECK_EQ(head.word(head_word::code), method_id::get);
    CHECK_EQ(head.word(head_word::version), 11);
    CHECK_EQ(head.span(head_word::method_offset), "GET");
    CHECK_EQ(head.span(head_word::target_offset), "/a/b?c=d&e");
    CHECK_EQ(head.span(head_word::path_offset), "/a/b");
    CHECK_EQ(head.span(head_word::query_offset), "c=d&e");
    CHECK_EQ(head.authority(), "example.com:8080");
    CHECK_EQ(head.host(), "example.com");
    CHECK_EQ(head.word(head_word::port), 8080);
    CHECK_EQ(head.word(head_word::flags), head_flag::keep_alive | head_flag::has_query | head_flag::has_host);
    CHECK_EQ(head.word(head_word::field_count), 3);
    CHECK_EQ(head.name(0), "host");
    CHECK_EQ(head.value(0), "Example.com:8080");
    CHECK_EQ(head.id(0), known::host);
    CHECK_EQ(head.name(1), "user-agent");
    CHECK_EQ(head.id(1), known::user_agent);
    CHECK_EQ(head.name(2), "x-other");
    CHECK_EQ(head.id(2), 0);
    CHECK_EQ(head.value(2), "two words");
    CHECK_EQ(head.word(head_word::known_low), 1 << known::host);
    CHECK_EQ(head.word(head_word::known_high), 0);
}

TEST(the_table_ends_behind_the_authority_in_whole_words) {
    for (const std::string host : {"a", "ab", "abc", "abcd", "abcde"}) {
        const HeadOutcome head = read("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.authority(), host);
        CHECK_EQ(head.word(head_word::authority_offset), (head_words + field_words) * 4);
        CHECK_EQ(head.word(head_word::table_bytes),
                 (head_words + field_words) * 4 + (static_cast<int>(host.size()) + 3) / 4 * 4);
    }
}

TEST(every_known_method_has_its_id_and_no_other_token_has_one) {
    for (std::int32_t id = 1; id < methods_count; ++id) {
        const bool is_connect = id == method_id::connect;
        const HeadOutcome head = read(std::string(methods[id]) + (is_connect ? " a:1" : " /") +
                                      " HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.word(head_word::code), id);
        CHECK_EQ(head.span(head_word::method_offset), methods[id]);
    }
    for (const std::string method : {"get", "GE", "PUTT", "PUX", "POSX", "HEAX", "TRACX", "PATCX", "PURGX", "DELETX",
                                     "OPTIONX", "CONNECX", "GXX", "!#$%&'*+-.^_`|~", "M-SEARCH"}) {
        const HeadOutcome head = read(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.word(head_word::code), method_id::other);
    }
}

TEST(every_known_name_has_its_id_in_any_case) {
    for (std::int32_t id = 1; id < known_names_count; ++id) {
        std::string name = known_names[id];
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
        const bool frames = id == known::host || id == known::content_length || id == known::transfer_encoding ||
                            id == known::expect;
        if (frames) continue;
        const HeadOutcome head = with(name + ": v\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.id(1), id);
        CHECK_EQ(head.name(1), known_names[id]);
        const std::uint64_t mask =
            static_cast<std::uint64_t>(static_cast<std::uint32_t>(head.word(head_word::known_high))) << 32 |
            static_cast<std::uint32_t>(head.word(head_word::known_low));
        CHECK_EQ(mask, (std::uint64_t{1} << known::host) | (id <= known_mask_ids ? std::uint64_t{1} << id : 0));
    }
    const HeadOutcome other = with("hosts: v\r\ncookie_: v\r\nx: v\r\nupgrade-insecure-requestz: v\r\n");
    CHECK_OK(other);
    for (std::int32_t field = 1; field < 5; ++field) CHECK_EQ(other.id(field), 0);
}

TEST(names_are_lower_case_and_values_untouched_in_the_raw_head) {
    const HeadOutcome head = with("X-UPPER_and.Mixed~Name-That-Is-Long: VaLuE: X\r\n");
    CHECK_OK(head);
    CHECK_EQ(head.name(1), "x-upper_and.mixed~name-that-is-long");
    CHECK_EQ(head.value(1), "VaLuE: X");
}

TEST(values_may_be_empty_and_hold_tabs_and_high_bytes) {
    const HeadOutcome head = with("a:\r\nb:   \t \r\nc: x\ty \xe9\xff\r\nd::\r\n");
    CHECK_OK(head);
    CHECK_EQ(head.value(1), "");
    CHECK_EQ(head.value(2), "");
    CHECK_EQ(head.value(3), "x\ty \xe9\xff");
    CHECK_EQ(head.value(4), ":");
}

TEST(a_path_and_a_query_are_told_apart) {
    const HeadOutcome none = read("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(none);
    CHECK(!none.has(head_flag::has_query));
    const HeadOutcome empty = read("GET /x? HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(empty);
    CHECK(empty.has(head_flag::has_query));
    CHECK_EQ(empty.span(head_word::query_offset), "");
    const HeadOutcome twice = read("GET //x?a?b HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(twice);
    CHECK_EQ(twice.span(head_word::path_offset), "//x");
    CHECK_EQ(twice.span(head_word::query_offset), "a?b");
}

TEST(up_to_two_empty_lines_may_come_first) {
    for (const std::string lead : {"\r\n", "\r\n\r\n"}) {
        const HeadOutcome head = read(lead + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.word(head_word::method_offset), lead.size());
        CHECK_EQ(head.result.consumed, lead.size() + 27);
    }
    const Refusal rows[] = {
        {"\r\n\r\n\r", 400, reason::leading_garbage},
        {"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, reason::leading_garbage},
        {"\n", 400, reason::bare_line_feed},
        {"\r\r", 400, reason::bare_carriage_return},
        {"\rG", 400, reason::bare_carriage_return},
    };
    CHECK_ROWS(rows);
}

TEST(what_cannot_be_a_request_is_refused_at_its_first_byte) {
    const Refusal rows[] = {
        {"\x16\x03\x01\x02", 400, reason::leading_garbage},
        {" GET / HTTP/1.1\r\n", 400, reason::leading_garbage},
        {std::string_view("\0", 1), 400, reason::leading_garbage},
        {"\x80", 400, reason::leading_garbage},
        {"(", 400, reason::leading_garbage},
    };
    CHECK_ROWS(rows);
}

TEST(a_request_line_has_three_parts_and_single_spaces) {
    const Refusal rows[] = {
        {"GET\r\n", 400, reason::bad_request_line},
        {"GET /\r\n", 400, reason::bad_request_line},
        {"GET \r\n", 400, reason::bad_request_line},
        {"GET  / HTTP/1.1\r\n", 400, reason::bad_request_line},
        {"GET /  HTTP/1.1\r\n", 400, reason::bad_version},
        {"GET / HTTP/1.1 \r\n", 400, reason::bad_version},
        {"GET / x HTTP/1.1\r\n", 400, reason::bad_version},
        {"GET\t/ HTTP/1.1\r\n", 400, reason::bad_method},
        {"GET /\tHTTP/1.1\r\n", 400, reason::bad_target},
        {"G(T / HTTP/1.1\r\n", 400, reason::bad_method},
        {"GET\x80 / HTTP/1.1\r\n", 400, reason::bad_method},
        {"METHODMETHODMETHODMETHODMETHODMET", 400, reason::bad_method},
        {"GET\n", 400, reason::bare_line_feed},
        {"GET /\n", 400, reason::bare_line_feed},
        {"GET / HTTP/1.1\n", 400, reason::bare_line_feed},
        {"GET / HT\n", 400, reason::bare_line_feed},
        {"GET / HTTP/1.1\rX", 400, reason::bare_carriage_return},
    };
    CHECK_ROWS(rows);
    CHECK_OK(read("METHODMETHODMETHODMETHODMETHODME / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

TEST(only_http_1_is_read) {
    const Refusal rows[] = {
        {"GET / http/1.1\r\n", 400, reason::bad_version},
        {"GET / HTTP/1\r\n", 400, reason::bad_version},
        {"GET / HTTP/11\r\n", 400, reason::bad_version},
        {"GET / HTTP/1.\r\n", 400, reason::bad_version},
        {"GET / HTTP/1.10\r\n", 400, reason::bad_version},
        {"GET / HTTP/01.1\r\n", 400, reason::bad_version},
        {"GET / HTTPS/1.1\r\n", 400, reason::bad_version},
        {"GET / HTTP/1,1\r\n", 400, reason::bad_version},
        {"GET / HTTP/-1.1\r\n", 400, reason::bad_version},
        {"GET / HTTP/0.9\r\n", 505, reason::version_not_supported},
        {"GET / HTTP/2.0\r\n", 505, reason::version_not_supported},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, reason::version_not_supported},
        {"GET / HTTP/9.9\r\n", 505, reason::version_not_supported},
    };
    CHECK_ROWS(rows);
    for (const std::string version : {"HTTP/1.2", "HTTP/1.9"}) {
        const HeadOutcome head = read("GET / " + version + "\r\nHost: a\r\n\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.word(head_word::version), 11);
    }
}

TEST(a_target_holds_visible_ascii_and_no_fragment) {
    const Refusal rows[] = {
        {"GET /a#b HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET /# HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET /\x01 HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET /\x7f HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET /caf\xc3\xa9 HTTP/1.1\r\n", 400, reason::bad_target},
        {std::string_view("GET /\0 HTTP/1.1\r\n", 17), 400, reason::bad_target},
        {"GET /\r HTTP/1.1\r\n", 400, reason::bad_request_line},
        {"GET a HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET a.example:80 HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET ?a HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET \\ HTTP/1.1\r\n", 400, reason::bad_target},
    };
    CHECK_ROWS(rows);
    CHECK_OK(read("GET /%zz|{}^`\"<>\\[] HTTP/1.1\r\nHost: a\r\n\r\n"));
}

TEST(an_asterisk_is_for_options_alone) {
    const HeadOutcome head = read("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(head);
    CHECK_EQ(head.span(head_word::path_offset), "*");
    CHECK_EQ(head.authority(), "a");
    const Refusal rows[] = {
        {"GET * HTTP/1.1\r\n", 400, reason::bad_target},
        {"OPTIONS ** HTTP/1.1\r\n", 400, reason::bad_target},
        {"OPTIONS *?a HTTP/1.1\r\n", 400, reason::bad_target},
        {"OPTIONS */ HTTP/1.1\r\n", 400, reason::bad_target},
    };
    CHECK_ROWS(rows);
}

TEST(the_authority_of_an_absolute_target_replaces_host) {
    const HeadOutcome head = read("GET HTTP://Real.example:81/p?q HTTP/1.1\r\nHost: other.example\r\n\r\n");
    CHECK_OK(head);
    CHECK(head.has(head_flag::absolute_form));
    CHECK(head.has(head_flag::has_host));
    CHECK_EQ(head.authority(), "real.example:81");
    CHECK_EQ(head.word(head_word::port), 81);
    CHECK_EQ(head.span(head_word::path_offset), "/p");
    CHECK_EQ(head.span(head_word::query_offset), "q");
    CHECK_EQ(head.span(head_word::target_offset), "HTTP://Real.example:81/p?q");
    const HeadOutcome secure = read("GET https://[::1]/ HTTP/1.0\r\n\r\n");
    CHECK_OK(secure);
    CHECK_EQ(secure.authority(), "[::1]");
    CHECK(!secure.has(head_flag::has_host));
    const Refusal rows[] = {
        {"GET http://a/ HTTP/1.1\r\n\r\n", 400, reason::missing_host},
        {"GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n", 400, reason::bad_host},
        {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", 400, reason::bad_host},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, reason::repeated_host},
        {"GET http:/// HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://?q HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http:// HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http:/a HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http:a HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET https HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://user@a/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://user:pw@a/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://a:b/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://a:65536/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET ftp://a/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET httpx://a/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET ws://a/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"GET http://a\\b/ HTTP/1.1\r\n", 400, reason::bad_target},
    };
    CHECK_ROWS(rows);
}

TEST(an_absolute_target_without_a_path_has_the_path_slash) {
    const HeadOutcome bare = read("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(bare);
    CHECK_EQ(bare.span(head_word::path_offset), "/");
    CHECK(!bare.has(head_flag::has_query));
    const HeadOutcome query = read("GET http://a:1?x=/ HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(query);
    CHECK_EQ(query.span(head_word::path_offset), "/");
    CHECK_EQ(query.span(head_word::query_offset), "x=/");
    CHECK_EQ(query.authority(), "a:1");
}

TEST(options_for_an_absolute_target_without_a_path_asks_the_server) {
    const HeadOutcome head = read("OPTIONS http://a:8001 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_OK(head);
    CHECK_EQ(head.span(head_word::path_offset), "*");
    CHECK_EQ(head.span(head_word::target_offset), "http://a:8001");
    CHECK_EQ(head.span(head_word::method_offset), "OPTIONS");
    CHECK_EQ(read("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n").span(head_word::path_offset), "/");
    CHECK_EQ(read("OPTIONS http://a?q HTTP/1.1\r\nHost: a\r\n\r\n").span(head_word::path_offset), "/");
}

TEST(connect_takes_an_authority_with_a_port) {
    const HeadOutcome head = read("CONNECT Example.com:443 HTTP/1.1\r\nHost: other\r\n\r\n");
    CHECK_OK(head);
    CHECK_EQ(head.authority(), "example.com:443");
    CHECK_EQ(head.word(head_word::path_length), 0);
    const Refusal rows[] = {
        {"CONNECT example.com HTTP/1.1\r\n", 400, reason::bad_target},
        {"CONNECT example.com: HTTP/1.1\r\n", 400, reason::bad_target},
        {"CONNECT http://a:1/ HTTP/1.1\r\n", 400, reason::bad_target},
        {"CONNECT / HTTP/1.1\r\n", 400, reason::bad_target},
        {"CONNECT * HTTP/1.1\r\n", 400, reason::bad_target},
        {"CONNECT user@a:1 HTTP/1.1\r\n", 400, reason::bad_target},
    };
    CHECK_ROWS(rows);
}

TEST(host_is_there_once_and_good) {
    const Refusal rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400, reason::missing_host},
        {"GET / HTTP/1.2\r\n\r\n", 400, reason::missing_host},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400, reason::repeated_host},
        {"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n", 400, reason::repeated_host},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n", 400, reason::repeated_host},
        {"GET / HTTP/1.1\r\nHost:\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: u@a\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: a:99999\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.1\r\nHost: a\xff\r\n", 400, reason::bad_host},
        {"GET / HTTP/1.0\r\nHost: a b\r\n", 400, reason::bad_host},
    };
    CHECK_ROWS(rows);
    const HeadOutcome old = read("GET / HTTP/1.0\r\n\r\n");
    CHECK_OK(old);
    CHECK_EQ(old.word(head_word::version), 10);
    CHECK_EQ(old.authority(), "");
    CHECK(!old.has(head_flag::has_host));
}

TEST(field_lines_are_names_colons_and_values) {
    const Refusal rows[] = {
        {"GET / HTTP/1.1\r\nHost : a\r\n", 400, reason::space_before_colon},
        {"GET / HTTP/1.1\r\nHost\t: a\r\n", 400, reason::space_before_colon},
        {"GET / HTTP/1.1\r\nno colon", 400, reason::space_before_colon},
        {"GET / HTTP/1.1\r\n: a\r\n", 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\nname\r\n", 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\nna(me: a\r\n", 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\nna\x80me: a\r\n", 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\nContent\x1f-Length: 1\r\n", 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\n{\r\n", 400, reason::bad_field_name},
        {std::string_view("GET / HTTP/1.1\r\na\0b: c\r\n", 25), 400, reason::bad_field_name},
        {"GET / HTTP/1.1\r\n folded: a\r\n", 400, reason::obs_fold},
        {"GET / HTTP/1.1\r\n\tfolded: a\r\n", 400, reason::obs_fold},
        {"GET / HTTP/1.1\r\na: b\r\n c\r\n", 400, reason::obs_fold},
        {"GET / HTTP/1.1\r\na: b\r\n\tc\r\n", 400, reason::obs_fold},
        {"GET / HTTP/1.1\r\na: b\x01", 400, reason::bad_field_value},
        {"GET / HTTP/1.1\r\na: b\x7f", 400, reason::bad_field_value},
        {"GET / HTTP/1.1\r\na: b\x0b", 400, reason::bad_field_value},
        {std::string_view("GET / HTTP/1.1\r\na: b\0", 21), 400, reason::bad_field_value},
        {"GET / HTTP/1.1\r\na: b\n", 400, reason::bare_line_feed},
        {"GET / HTTP/1.1\r\na\n", 400, reason::bare_line_feed},
        {"GET / HTTP/1.1\r\n\n", 400, reason::bare_line_feed},
        {"GET / HTTP/1.1\r\na: b\rc\r\n", 400, reason::bare_carriage_return},
        {"GET / HTTP/1.1\r\na: b\r\r\n", 400, reason::bare_carriage_return},
        {"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400, reason::bare_carriage_return},
    };
    CHECK_ROWS(rows);
}

TEST(content_length_is_one_plain_number) {
    const HeadOutcome head = with("Content-Length:  42 \r\n");
    CHECK_OK(head);
    CHECK_EQ(head.result.body, Body::length);
    CHECK(head.has(head_flag::has_content_length));
    CHECK_EQ(head.word(head_word::content_length_low), 42);
    const HeadOutcome zero = with("content-length: 000\r\n");
    CHECK_OK(zero);
    CHECK_EQ(zero.result.body, Body::none);
    CHECK(zero.has(head_flag::has_content_length));
    const HeadOutcome large = with("content-length: 9007199254740991\r\n");
    CHECK_OK(large);
    CHECK_EQ(static_cast<std::uint32_t>(large.word(head_word::content_length_low)), 0xffffffffu);
    CHECK_EQ(large.word(head_word::content_length_high), 0x1fffff);
    for (const std::string value :
         {"", "+5", "-1", "5, 5", "5,6", "5 5", "0x5", "5.", "1e3", "five", "\"5\"", "9007199254740992",
          "18446744073709551616", "99999999999999999999999999", "5;", "\xb2"}) {
        CHECK_EQ(told(with("Content-Length: " + value + "\r\n").result), "400 bad_content_length");
    }
    CHECK_EQ(told(with("Content-Length: 5\r\nContent-Length: 5\r\n").result), "400 repeated_content_length");
    CHECK_EQ(told(with("Content-Length: 5\r\na: b\r\nContent-length: 6\r\n").result), "400 repeated_content_length");
}

TEST(chunked_is_the_only_coding_and_the_last) {
    for (const std::string value : {"chunked", "Chunked", " CHUNKED\t"}) {
        const HeadOutcome head = with("Transfer-Encoding:" + value + "\r\n");
        CHECK_OK(head);
        CHECK_EQ(head.result.body, Body::chunked);
    }
    for (const std::string value : {"gzip", "gzip, chunked", "identity", "identity, chunked", "xchunked", "chunked-not",
                                    "gzip;q=1", "x-gzip ;a=b, chunked"}) {
        CHECK_EQ(told(with("Transfer-Encoding: " + value + "\r\n").result), "501 unknown_transfer_coding");
    }
    for (const std::string value :
         {"", ",", ",chunked", "chunked,", "chunked, chunked", "chunked, gzip", "chunked, identity", "chunked;a=b",
          "chunked ;a", "chunked x", "\"chunked\"", "chunked=1", "ch\xffunked", ";chunked"}) {
        CHECK_EQ(told(with("Transfer-Encoding: " + value + "\r\n").result), "400 bad_transfer_encoding");
    }
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").result),
             "400 bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n").result),
             "400 bad_transfer_encoding");
    CHECK_EQ(told(with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").result),
             "501 unknown_transfer_coding");
    CHECK_EQ(told(with("Transfer-Encoding : chunked\r\n").result), "400 space_before_colon");
    CHECK_EQ(told(with("Transfer-Encoding:\x0b"
                       "chunked\r\n")
                      .result),
             "400 bad_field_value");
    CHECK_EQ(told(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n").result), "400 coding_in_1_0");
    CHECK_EQ(told(read("POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n").result), "400 coding_in_1_0");
}

TEST(a_length_and_a_coding_exclude_each_other) {
    CHECK_EQ(told(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").result), "400 length_and_coding");
    CHECK_EQ(told(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n").result), "400 length_and_coding");
    CHECK_EQ(told(with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n").result), "400 length_and_coding");
}

TEST(a_connection_lives_as_version_and_fields_say) {
    CHECK(with("").has(head_flag::keep_alive));
    CHECK(!with("Connection: close\r\n").has(head_flag::keep_alive));
    CHECK(!with("Connection: keep-alive, Close\r\n").has(head_flag::keep_alive));
    CHECK(!with("Connection: x,close ,y\r\n").has(head_flag::keep_alive));
    CHECK(!with("Connection: keep-alive\r\nConnection: close\r\n").has(head_flag::keep_alive));
    CHECK(with("Connection: closed, close-x\r\nProxy-Connection: close\r\n").has(head_flag::keep_alive));
    CHECK(!read("GET / HTTP/1.0\r\n\r\n").has(head_flag::keep_alive));
    CHECK(read("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").has(head_flag::keep_alive));
    CHECK(!read("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").has(head_flag::keep_alive));
}

TEST(an_upgrade_needs_both_fields_and_http_1_1) {
    CHECK(with("Connection: Upgrade\r\nUpgrade: websocket\r\n").has(head_flag::upgrade));
    CHECK(with("Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n").has(head_flag::upgrade));
    CHECK(!with("Connection: upgrade\r\n").has(head_flag::upgrade));
    CHECK(!with("Upgrade: websocket\r\n").has(head_flag::upgrade));
    CHECK(!read("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").has(head_flag::upgrade));
}

TEST(an_expectation_other_than_100_continue_fails) {
    CHECK(with("Expect: 100-Continue\r\n").has(head_flag::expect_continue));
    CHECK(!with("").has(head_flag::expect_continue));
    CHECK(!with("Expect:\r\n").has(head_flag::expect_continue));
    CHECK(!read("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").has(head_flag::expect_continue));
    for (const std::string value : {"200-ok", "100-continue, x", "100-continue;a", "100"}) {
        CHECK_EQ(told(with("Expect: " + value + "\r\n").result), "417 expectation_failed");
    }
}

TEST(te_is_looked_through_for_trailers) {
    CHECK(with("TE: trailers\r\n").has(head_flag::accepts_trailers));
    CHECK(with("TE: gzip;q=0.5, Trailers\r\n").has(head_flag::accepts_trailers));
    CHECK(!with("TE: gzip\r\n").has(head_flag::accepts_trailers));
}

TEST(fields_that_extend_the_key_are_told) {
    CHECK(!with("Cookie: a\r\nAccept: b\r\n").has(head_flag::extends_key));
    for (const char* const name : key_extending_names)
        CHECK(with(std::string(name) + ": v\r\n").has(head_flag::extends_key));
}

TEST(a_target_above_its_limit_is_refused_before_its_end) {
    const HeadLimits tight{4096, 10, 100};
    CHECK_OK(read("GET /234567890 HTTP/1.1\r\nHost: a\r\n\r\n", tight));
    CHECK_EQ(told(read("GET /234567890", tight).result), "need_more");
    CHECK_EQ(told(read("GET /2345678901", tight).result), "414 target_too_long");
    CHECK_EQ(told(read("GET /2345678901 HTTP/1.1\r\nHost: a\r\n\r\n", tight).result), "414 target_too_long");
    CHECK_EQ(told(read("GET /23456#8901 HTTP/1.1\r\n", tight).result), "400 bad_target");
}

TEST(a_head_above_its_limit_is_refused_before_its_end) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto size = static_cast<std::uint32_t>(text.size());
    CHECK_EQ(told(read(text, {size, 100, 100}).result), "ok");
    CHECK_EQ(told(read(text + "more", {size, 100, 100}).result), "ok");
    CHECK_EQ(told(read(text, {size - 1, 100, 100}).result), "431 head_too_large");
    CHECK_EQ(told(read(text.substr(0, size - 1), {size - 1, 100, 100}).result), "431 head_too_large");
    CHECK_EQ(told(read(text.substr(0, size - 2), {size - 1, 100, 100}).result), "need_more");
    CHECK_EQ(told(read("\r\n" + text, {size, 100, 100}).result), "431 head_too_large");
}

TEST(fields_above_their_limit_are_refused_at_the_first_byte_too_many) {
    const HeadLimits two{4096, 100, 2};
    CHECK_EQ(told(read("GET / HTTP/1.1\r\nHost: a\r\na: b\r\n\r\n", two).result), "ok");
    CHECK_EQ(told(read("GET / HTTP/1.1\r\nHost: a\r\na: b\r\nc", two).result), "431 too_many_fields");
}

TEST(a_table_that_is_too_small_is_told_and_not_overrun) {
    const std::string text = "GET / HTTP/1.1\r\nHost: abc\r\na: b\r\n\r\n";
    const std::size_t enough = head_words + 2 * field_words + (http1::authority_bytes_max + 3) / 4;
    for (std::size_t words = 0; words <= enough; ++words) {
        const HeadOutcome head = http1::harness::read_head_in(
            text, {text.size()}, words,
            [](auto raw, http1::HeadScan& scan, auto table) { return http1::parse_request(raw, scan, table, limits); });
        CHECK_EQ(told(head.result), words < enough ? "500 memory" : "ok");
    }
}

TEST(a_refusal_still_tells_method_and_target) {
    std::string text = "POST /x HTTP/1.1\r\nHost: a\r\nb: c\r\nbad name: x\r\n\r\n";
    for (const bool is_split : {false, true}) {
        const HeadOutcome head = http1::harness::read_request_in(
            text, is_split ? http1::harness::each_byte(text) : http1::harness::whole(text), limits);
        CHECK_EQ(head.result.status, 400);
        CHECK_EQ(head.word(head_word::code), method_id::post);
        CHECK_EQ(text.substr(static_cast<std::size_t>(head.word(head_word::target_offset)),
                             static_cast<std::size_t>(head.word(head_word::target_length))),
                 "/x");
        CHECK_EQ(head.word(head_word::field_count), 0);
    }
    const HeadOutcome early = read("POST /x#y");
    CHECK_EQ(early.word(head_word::method_length), 4);
    CHECK_EQ(early.word(head_word::target_length), 0);
}

TEST(the_scan_is_fresh_after_a_head_so_that_the_next_can_follow) {
    std::string text = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
    http1::HeadScan scan;
    std::int32_t table[512];
    std::span raw(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    CHECK(http1::parse_request(raw.first(5), scan, table, limits).state == Parse::need_more);
    const auto first = http1::parse_request(raw, scan, table, limits);
    CHECK(first.state == Parse::ok);
    const auto second = http1::parse_request(raw.subspan(first.consumed), scan, table, limits);
    CHECK(second.state == Parse::ok);
    CHECK_EQ(second.consumed, raw.size() - first.consumed);
    CHECK_EQ(table[head_word::target_offset], 4);
}

PARAPET_TEST_MAIN
