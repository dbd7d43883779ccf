#include "http1_response.h"

#include <algorithm>
#include <iterator>
#include "http1_field_lines.h"

namespace parapet::http1 {
namespace {

constexpr std::uint32_t version_bytes = 8;
constexpr std::uint16_t bad_gateway = 502;

struct StatusLine {
    std::uint32_t reason_offset = 0;
    std::uint32_t reason_length = 0;
};

/// RFC 9112 4: version, space, three digits, then a space and a phrase, of which some origins leave out one or both.
Verdict read_status_line(std::uint8_t* base, std::uint32_t size, HeadScan& scan, StatusLine& out) noexcept {
    constexpr const char* shape = "HTTP/0.0 000";
    constexpr std::uint32_t fixed_bytes = 12;
    const auto stop = [&](std::uint32_t judged) {
        scan.scanned = judged;
        return wait_for_more;
    };
    for (std::uint32_t i = 0; i < fixed_bytes; ++i) {
        if (i == size) return stop(size);
        const auto expected = static_cast<std::uint8_t>(shape[i]);
        if (expected == '0' ? !is_digit(base[i]) : base[i] != expected) {
            return refuse_byte(base[i], i < version_bytes ? reason::bad_version : reason::bad_status_line);
        }
    }
    if (base[5] != '1') return refuse(reason::version_not_supported);
    scan.version = base[7] == '0' ? 10 : 11;
    const auto digit = [&](std::uint32_t at) { return static_cast<std::uint32_t>(base[at] - '0'); };
    scan.code = digit(9) * 100 + digit(10) * 10 + digit(11);
    if (scan.code < 100 || scan.code > 599) return refuse(reason::bad_status_line);

    if (size == fixed_bytes) return stop(size);
    std::uint8_t* behind = base + fixed_bytes;
    out.reason_offset = fixed_bytes;
    if (*behind == ' ') {
        const std::uint8_t* const from = base + std::max(fixed_bytes + 1, scan.scanned);
        behind = base + (value_end(base, from, base + size) - base);
        out.reason_offset = fixed_bytes + 1;
        out.reason_length = static_cast<std::uint32_t>(behind - base) - out.reason_offset;
    }
    const auto judged = static_cast<std::uint32_t>(behind - base);
    const Verdict verdict = read_line_end(behind, base + size, reason::bad_status_line);
    if (verdict == wait_for_more) return stop(judged);
    if (verdict != go_on) return verdict;
    scan.line = scan.scanned = static_cast<std::uint32_t>(behind - base);
    scan.in_fields = true;
    return go_on;
}

/// RFC 9112 7.2: these would have to be undone, and were never asked for.
bool is_registered_coding(const std::uint8_t* text, std::uint32_t length) noexcept {
    constexpr const char* names[] = {"chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress"};
    return std::any_of(std::begin(names), std::end(names), [&](const char* name) { return is_word(text, length, name); });
}

/// RFC 9112 6.3: where the last coding is not chunked, the end of the connection is that of the body. A single coding
/// that means nothing to anybody is taken so, and its field goes no further; anything else is judged as in a request.
Verdict read_response_coding(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
    if ((scan.flags & unknown_coding) != 0) return refuse(reason::bad_transfer_encoding);
    const bool is_token = length > 0 && std::all_of(text, text + length, is_token_byte);
    const bool is_first = (scan.known & (known_bit(known::transfer_encoding) | known_bit(known::content_length))) == 0;
    if (scan.version == 10 || !is_first || !is_token || is_registered_coding(text, length))
        return read_transfer_encoding(text, length, scan);
    scan.flags |= unknown_coding;
    return go_on;
}

struct ResponseFields {
    static Verdict field(std::int32_t id, const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
        switch (id) {
            case known::content_length: return read_content_length(text, length, scan);
            case known::transfer_encoding: return read_response_coding(text, length, scan);
            case known::connection: read_connection(text, length, scan); return go_on;
            default: return go_on;
        }
    }
};

Verdict read_head(std::uint8_t* base, std::uint32_t size, HeadScan& scan, std::span<std::int32_t> table,
                  const HeadLimits& limits, StatusLine& line) noexcept {
    if (!scan.in_fields) {
        if (const Verdict verdict = read_status_line(base, size, scan, line); verdict != go_on) return verdict;
    }
    ResponseFields fields;
    return read_field_lines(base, size, scan, {table.data(), fields_in(table)}, limits.fields_max, fields);
}

/// RFC 9112 6.3, in its order: which body follows, and with which flags.
Body frame(HeadScan& scan, std::int32_t request_method, std::uint32_t& flags) noexcept {
    const bool is_chunked = (scan.flags & flag(head_flag::chunked)) != 0;
    const bool ends_with_connection = (scan.flags & unknown_coding) != 0;
    const bool has_length = (scan.flags & flag(head_flag::has_content_length)) != 0;
    const std::uint32_t length_flag = has_length ? flag(head_flag::has_content_length) : 0;
    const bool alive = keeps_alive(scan) && !ends_with_connection;
    flags = alive ? flag(head_flag::keep_alive) : 0;
    const bool opens_tunnel = request_method == method_id::connect && scan.code / 100 == 2;
    if (scan.code < 200 || scan.code == 204 || opens_tunnel) {
        // RFC 9110 8.6 and RFC 9112 6.1 allow neither field here. What such an origin sends next is anybody's guess.
        if (is_chunked || scan.content_length > 0) flags = 0;
        scan.content_length = 0;
        return Body::none;
    }
    flags |= length_flag;
    if (request_method == method_id::head || scan.code == 304) return Body::none;
    if (is_chunked) {
        flags |= flag(head_flag::chunked);
        return Body::chunked;
    }
    if (has_length) return scan.content_length > 0 ? Body::length : Body::none;
    flags = flag(head_flag::close_delimited);
    return Body::close_delimited;
}

ParseResult refused(std::int32_t reason, std::span<std::int32_t> table) noexcept {
    std::fill_n(table.begin(), std::min(table.size(), static_cast<std::size_t>(head_words)), 0);
    return {Parse::error, Body::none, bad_gateway, 0, reason};
}

}  // namespace

ParseResult parse_response(std::span<std::uint8_t> raw, HeadScan& scan, std::span<std::int32_t> table,
                           const HeadLimits& limits, std::int32_t request_method) noexcept {
    if (table.size() < static_cast<std::size_t>(head_words)) return refused(reason::memory, table);
    const std::uint32_t bytes_max = std::min(limits.head_bytes_max, head_bytes_possible);
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(raw.size(), bytes_max));
    std::uint8_t* const base = raw.data();

    StatusLine line;
    const bool is_resumed = scan.scanned != 0;
    Verdict verdict = read_head(base, size, scan, table, limits, line);
    if (verdict == go_on && is_resumed) {
        // As in parse_request: one pass over the whole fills the table.
        scan = {};
        line = {};
        verdict = read_head(base, size, scan, table, limits, line);
    }
    if (verdict == wait_for_more) return size < bytes_max ? ParseResult{} : refused(reason::head_too_large, table);
    if (verdict != go_on) return refused(verdict.reason, table);

    std::uint32_t flags = 0;
    const Body body = frame(scan, request_method, flags);
    write_common_words(table, scan, scan.line);
    table[head_word::flags] = static_cast<std::int32_t>(flags);
    table[head_word::method_offset] = static_cast<std::int32_t>(line.reason_offset);
    table[head_word::method_length] = static_cast<std::int32_t>(line.reason_length);
    const ParseResult result{Parse::ok, body, 0, scan.line, reason::none};
    scan = {};
    return result;
}

std::uint32_t idle_limit_ms(std::string_view keep_alive) noexcept {
    constexpr std::uint32_t seconds_max = 1'000'000;
    constexpr std::uint32_t name_bytes = 8;
    const auto* text = reinterpret_cast<const std::uint8_t*>(keep_alive.data());
    Elements elements{text, text + keep_alive.size()};
    const std::uint8_t* element = nullptr;
    std::uint32_t length = 0;
    while (elements.take(element, length)) {
        if (length <= name_bytes || !is_word(element, name_bytes - 1, "timeout") || element[name_bytes - 1] != '=') continue;
        std::uint32_t seconds = 0;
        for (std::uint32_t i = name_bytes; i < length; ++i) {
            if (!is_digit(element[i])) return no_idle_limit;
            seconds = std::min(seconds * 10 + (element[i] - 0u - '0'), seconds_max);
        }
        return seconds * 1000 - std::min(seconds * 500, 1000u);
    }
    return no_idle_limit;
}

std::int32_t response_fail_cause(std::int32_t reason) noexcept {
    switch (reason) {
        case reason::head_too_large:
        case reason::too_many_fields: return fail_cause::response_header_size;
        case reason::unknown_transfer_coding:
        case reason::bad_chunk: return fail_cause::response_transfer_coding;
        case reason::memory: return fail_cause::internal_error;
        default: return fail_cause::protocol_error;
    }
}

}  // namespace parapet::http1
