#include "http1_request.h"

#include <algorithm>
#include "http1_authority.h"
#include "http1_field_lines.h"

namespace parapet::http1 {
namespace {

constexpr std::uint32_t method_bytes_max = 32;
constexpr std::uint32_t leading_lines_max = 2;
constexpr std::uint32_t version_bytes = 8;

constexpr std::uint64_t key_extending_bits = [] {
    std::uint64_t bits = 0;
    for (const char* const name : key_extending_names) {
        for (std::int32_t id = 1; id <= known_mask_ids; ++id) {
            const char* a = name;
            const char* b = known_names[id];
            while (*a != '\0' && *a == *b) ++a, ++b;
            if (*a == *b) bits |= known_bit(id);
        }
    }
    return bits;
}();
static_assert(std::popcount(key_extending_bits) == key_extending_names_count,
              "each name that extends the key needs a mask bit");

struct Span {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
};

/// What the request line says, offsets from the start of the raw bytes.
struct RequestLine {
    Span method{};
    Span target{};
    Span path{};
    Span query{};
    bool has_query = false;
    bool is_absolute = false;
    /// OPTIONS of an absolute target without path and query.
    bool asks_server = false;
    bool has_authority = false;
    Authority authority{};
};

std::int32_t method_of(const std::uint8_t* text, std::uint32_t length) noexcept {
    const auto is = [&](std::int32_t id, std::size_t bytes) {
        return std::memcmp(text, methods[id], bytes) == 0 ? id : method_id::other;
    };
    switch (length) {
        case 3: return text[0] == 'G' ? is(method_id::get, 3) : is(method_id::put, 3);
        case 4: return text[0] == 'H' ? is(method_id::head, 4) : is(method_id::post, 4);
        case 5:
            if (text[0] == 'T') return is(method_id::trace, 5);
            return text[1] == 'A' ? is(method_id::patch, 5) : is(method_id::purge, 5);
        case 6: return is(method_id::delete_, 6);
        case 7: return text[0] == 'O' ? is(method_id::options, 7) : is(method_id::connect, 7);
        default: return method_id::other;
    }
}

/// Path and query of `base[from, to)`, which starts with "/" or "?" or is empty.
void split_path(const std::uint8_t* base, std::uint32_t from, std::uint32_t to, RequestLine& out) noexcept {
    out.path = {from, to - from};
    const void* const mark = from == to ? nullptr : std::memchr(base + from, '?', to - from);
    if (mark == nullptr) return;
    const auto at = static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(mark) - base);
    out.path.length = at - from;
    out.query = {at + 1, to - at - 1};
    out.has_query = true;
}

/// Bytes of "http://" or "https://" at `text`, 0 if neither is there.
std::uint32_t scheme_length(const std::uint8_t* text, std::uint32_t length) noexcept {
    const std::uint32_t name = length > 4 && (text[4] | 0x20) == 's' ? 5 : 4;
    if (length < name + 3 || !is_word(text, name, name == 5 ? "https" : "http")) return 0;
    return std::memcmp(text + name, "://", 3) == 0 ? name + 3 : 0;
}

/// RFC 9112 3.2: the four forms of a target, each for its methods.
Verdict read_target(const std::uint8_t* base, std::int32_t method, RequestLine& out) noexcept {
    const std::uint8_t* const text = base + out.target.offset;
    const std::uint32_t length = out.target.length;
    const std::uint32_t target_end = out.target.offset + length;
    if (method == method_id::connect) {
        // RFC 9110 9.3.6: a port is a must.
        out.has_authority = read_authority(text, length, out.authority) && out.authority.has_port;
        return out.has_authority ? go_on : refuse(reason::bad_target);
    }
    if (text[0] == '/') {
        split_path(base, out.target.offset, target_end, out);
        return go_on;
    }
    if (text[0] == '*') {
        out.path = out.target;
        return length == 1 && method == method_id::options ? go_on : refuse(reason::bad_target);
    }
    const std::uint32_t scheme = scheme_length(text, length);
    if (scheme == 0) return refuse(reason::bad_target);
    std::uint32_t authority_length = 0;
    while (scheme + authority_length < length && text[scheme + authority_length] != '/' &&
           text[scheme + authority_length] != '?')
        ++authority_length;
    if (!read_authority(text + scheme, authority_length, out.authority)) return refuse(reason::bad_target);
    out.has_authority = out.is_absolute = true;
    split_path(base, out.target.offset + scheme + authority_length, target_end, out);
    if (out.path.length == 0) {
        // The path is "/" (RFC 9110 4.2.3), and the scheme has one to point at.
        out.path = {out.target.offset + scheme - 1, 1};
        out.asks_server = method == method_id::options && !out.has_query;
    }
    return go_on;
}

/// Skips the empty lines that some clients send after a body (RFC 9112 2.2), and sets `scan.line` behind them.
Verdict read_leading(const std::uint8_t* base, std::uint32_t size, HeadScan& scan) noexcept {
    for (;;) {
        const std::uint8_t* const p = base + scan.line;
        scan.scanned = std::max(scan.scanned, scan.line);
        if (scan.line == size) return wait_for_more;
        if (is_token_byte(*p)) return go_on;
        if (*p != '\r' || scan.leading == leading_lines_max) return refuse_byte(*p, reason::leading_garbage);
        if (scan.line + 1 == size) return wait_for_more;
        if (p[1] != '\n') return refuse(reason::bare_carriage_return);
        scan.line += 2;
        ++scan.leading;
    }
}

Verdict read_method(const std::uint8_t* base, std::uint32_t size, HeadScan& scan, RequestLine& out) noexcept {
    const std::uint8_t* const method = base + scan.line;
    const std::uint32_t available = size - scan.line;
    std::uint32_t length = 0;
    while (length < available && length <= method_bytes_max && is_token_byte(method[length])) ++length;
    if (length > method_bytes_max) return refuse(reason::bad_method);
    if (length == available) {
        scan.scanned = size;
        return wait_for_more;
    }
    if (method[length] != ' ')
        return refuse_byte(method[length], method[length] == '\r' ? reason::bad_request_line : reason::bad_method);
    out.method = {scan.line, length};
    scan.code = static_cast<std::uint32_t>(method_of(method, length));
    return go_on;
}

Verdict find_target(const std::uint8_t* base, std::uint32_t size, HeadScan& scan, std::uint32_t target_bytes_max,
                    RequestLine& out) noexcept {
    const std::uint32_t start = out.method.offset + out.method.length + 1;
    if (scan.mark == 0) {
        // One byte above the limit is enough to tell.
        const std::uint32_t last = size - start > target_bytes_max ? start + target_bytes_max + 1 : size;
        const auto stop = static_cast<std::uint32_t>(
            target_end(base, base + std::max(start, scan.scanned), base + last) - base);
        if (stop - start > target_bytes_max) return refuse(reason::target_too_long, 414);
        if (stop == size) {
            scan.scanned = size;
            return wait_for_more;
        }
        // Two spaces in a row, or a line without a version (HTTP/0.9), are no request line at all.
        const bool ends_line = base[stop] == '\r' || (base[stop] == ' ' && stop == start);
        if (base[stop] != ' ' || ends_line)
            return refuse_byte(base[stop], ends_line ? reason::bad_request_line : reason::bad_target);
        scan.mark = stop;
    }
    out.target = {start, scan.mark - start};
    return go_on;
}

/// RFC 9112 2.3. Sets `scan.version` and, behind the line's end, `scan.line`.
Verdict read_version(std::uint8_t* base, std::uint32_t size, HeadScan& scan) noexcept {
    std::uint8_t* p = base + scan.mark + 1;
    std::uint8_t* const end = base + size;
    const std::uint8_t* const version = p;
    if (end - p >= 10 && std::memcmp(p, "HTTP/1.1\r\n", 10) == 0) {
        scan.version = 11;
        scan.line = scan.scanned = static_cast<std::uint32_t>(p - base) + 10;
        return go_on;
    }
    for (std::uint32_t i = 0; i < version_bytes; ++i, ++p) {
        if (p == end) {
            scan.scanned = size;
            return wait_for_more;
        }
        const auto expected = static_cast<std::uint8_t>("HTTP/0.0"[i]);
        if (expected == '0' ? !is_digit(*p) : *p != expected) return refuse_byte(*p, reason::bad_version);
    }
    if (const Verdict verdict = read_line_end(p, end, reason::bad_version); verdict != go_on) {
        scan.scanned = static_cast<std::uint32_t>(p - base);
        return verdict;
    }
    if (version[5] != '1') return refuse(reason::version_not_supported, 505);
    scan.version = version[7] == '0' ? 10 : 11;
    scan.line = scan.scanned = static_cast<std::uint32_t>(p - base);
    return go_on;
}

Verdict read_request_line(std::uint8_t* base, std::uint32_t size, HeadScan& scan, std::uint32_t target_bytes_max,
                          RequestLine& out) noexcept {
    if (const Verdict verdict = read_leading(base, size, scan); verdict != go_on) return verdict;
    if (const Verdict verdict = read_method(base, size, scan, out); verdict != go_on) return verdict;
    if (const Verdict verdict = find_target(base, size, scan, target_bytes_max, out); verdict != go_on) return verdict;
    if (const Verdict verdict = read_version(base, size, scan); verdict != go_on) return verdict;
    scan.mark = 0;
    scan.in_fields = true;
    return read_target(base, static_cast<std::int32_t>(scan.code), out);
}

/// Judges the fields of a request whose names are known.
struct RequestFields {
    Authority host{};

    Verdict field(std::int32_t id, const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
        switch (id) {
            case known::host: return read_host(text, length, scan);
            case known::content_length: return read_content_length(text, length, scan);
            case known::transfer_encoding: return read_transfer_encoding(text, length, scan);
            case known::connection: read_connection(text, length, scan); return go_on;
            case known::te: read_te(text, length, scan); return go_on;
            case known::expect: return read_expect(text, length, scan);
            default: return go_on;
        }
    }

    Verdict read_host(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
        if ((scan.known & known_bit(known::host)) != 0) return refuse(reason::repeated_host);
        // An empty Host is for targets without an authority (RFC 9110 7.2), which no http URI is.
        if (!read_authority(text, length, host)) return refuse(reason::bad_host);
        scan.flags |= flag(head_flag::has_host);
        return go_on;
    }

    static void read_te(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
        Elements elements{text, text + length};
        const std::uint8_t* element = nullptr;
        std::uint32_t element_length = 0;
        while (elements.take(element, element_length)) {
            if (is_word(element, element_length, "trailers")) scan.flags |= flag(head_flag::accepts_trailers);
        }
    }

    // RFC 9110 10.1.1: in HTTP/1.0 the expectation is ignored.
    static Verdict read_expect(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
        Elements elements{text, text + length};
        const std::uint8_t* element = nullptr;
        std::uint32_t element_length = 0;
        while (elements.take(element, element_length)) {
            if (element_length == 0) continue;
            if (!is_word(element, element_length, "100-continue")) return refuse(reason::expectation_failed, 417);
            if (scan.version != 10) scan.flags |= flag(head_flag::expect_continue);
        }
        return go_on;
    }
};

struct Request {
    RequestLine line{};
    RequestFields fields{};
};

/// Reads on from where `scan` stands.
Verdict read_head(std::uint8_t* base, std::uint32_t size, HeadScan& scan, std::span<std::int32_t> table,
                  const HeadLimits& limits, Request& out) noexcept {
    if (!scan.in_fields) {
        if (const Verdict verdict = read_request_line(base, size, scan, limits.target_bytes_max, out.line);
            verdict != go_on)
            return verdict;
    }
    if (const Verdict verdict = read_field_lines(base, size, scan, {table.data(), fields_in(table)}, limits.fields_max,
                                                 out.fields);
        verdict != go_on) {
        return verdict;
    }
    if (scan.version != 10 && (scan.flags & flag(head_flag::has_host)) == 0) return refuse(reason::missing_host);
    return go_on;
}

std::int32_t request_flags(const HeadScan& scan, const RequestLine& line) noexcept {
    std::uint32_t flags = scan.flags & ~(names_close | names_keep_alive | names_upgrade);
    if (keeps_alive(scan)) flags |= flag(head_flag::keep_alive);
    // RFC 9110 7.8: HTTP/1.0 has no upgrade.
    const bool upgrades = (scan.flags & names_upgrade) != 0 && (scan.known & known_bit(known::upgrade)) != 0;
    if (upgrades && scan.version != 10) flags |= flag(head_flag::upgrade);
    if ((scan.known & key_extending_bits) != 0) flags |= flag(head_flag::extends_key);
    if (line.is_absolute) flags |= flag(head_flag::absolute_form);
    if (line.has_query) flags |= flag(head_flag::has_query);
    return static_cast<std::int32_t>(flags);
}

void write_span(std::span<std::int32_t> table, std::int32_t offset_word, const Span& span) noexcept {
    table[static_cast<std::size_t>(offset_word)] = static_cast<std::int32_t>(span.offset);
    table[static_cast<std::size_t>(offset_word) + 1] = static_cast<std::int32_t>(span.length);
}

/// Copies the authority behind the fields; false if there is no room.
bool write_table_authority(std::span<std::int32_t> table, const Authority& authority) noexcept {
    const auto offset = static_cast<std::uint32_t>(table[head_word::table_bytes]);
    if (table.size() * 4 - offset < authority_bytes_max) return false;
    const std::uint32_t length = write_authority(authority, reinterpret_cast<std::uint8_t*>(table.data()) + offset);
    write_span(table, head_word::authority_offset, {offset, length});
    table[head_word::host_length] = static_cast<std::int32_t>(authority.host_length);
    table[head_word::port] = static_cast<std::int32_t>(authority.port);
    table[head_word::table_bytes] = static_cast<std::int32_t>((offset + length + 3) & ~3u);
    return true;
}

bool write_table(std::uint8_t* base, std::span<std::int32_t> table, const HeadScan& scan,
                 const Request& request) noexcept {
    const RequestLine& line = request.line;
    // "*" stands nowhere in a head that asks the server for its options. The space before the target is part of
    // nothing.
    const Span path = line.asks_server ? Span{line.target.offset - 1, 1} : line.path;
    write_common_words(table, scan, scan.line);
    table[head_word::flags] = request_flags(scan, line);
    write_span(table, head_word::method_offset, line.method);
    write_span(table, head_word::target_offset, line.target);
    write_span(table, head_word::path_offset, path);
    write_span(table, head_word::query_offset, line.query);
    // RFC 9112 3.2.2: the target's authority replaces Host.
    const Authority& authority = line.has_authority ? line.authority : request.fields.host;
    if (authority.text != nullptr && !write_table_authority(table, authority)) return false;
    if (line.asks_server) base[path.offset] = '*';
    return true;
}

/// The result of a refusal, with what a log record can tell of the request line.
ParseResult refused(Verdict verdict, std::uint8_t* base, std::uint32_t size, std::span<std::int32_t> table,
                    const HeadLimits& limits) noexcept {
    HeadScan scan;
    RequestLine line;
    (void)read_request_line(base, size, scan, limits.target_bytes_max, line);
    std::fill_n(table.begin(), head_words, 0);
    table[head_word::version] = scan.version;
    table[head_word::code] = static_cast<std::int32_t>(scan.code);
    write_span(table, head_word::method_offset, line.method);
    write_span(table, head_word::target_offset, line.target);
    return {Parse::error, Body::none, verdict.status, 0, verdict.reason};
}

Body body_of(const HeadScan& scan) noexcept {
    if ((scan.flags & flag(head_flag::chunked)) != 0) return Body::chunked;
    return scan.content_length > 0 ? Body::length : Body::none;
}

}  // namespace

ParseResult parse_request(std::span<std::uint8_t> raw, HeadScan& scan, std::span<std::int32_t> table,
                          const HeadLimits& limits) noexcept {
    if (table.size() < static_cast<std::size_t>(head_words)) return {Parse::error, Body::none, 500, 0, reason::memory};
    const std::uint32_t bytes_max = std::min(limits.head_bytes_max, head_bytes_possible);
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(raw.size(), bytes_max));
    std::uint8_t* const base = raw.data();

    Request request;
    const bool is_resumed = scan.scanned != 0;
    Verdict verdict = read_head(base, size, scan, table, limits, request);
    if (verdict == go_on && is_resumed) {
        // The fields of earlier calls went to a table that is gone; now that all is there, one pass fills this one.
        scan = {};
        request = {};
        verdict = read_head(base, size, scan, table, limits, request);
    }
    if (verdict == wait_for_more) {
        if (size < bytes_max) return {};
        verdict = refuse(reason::head_too_large, 431);
    }
    if (verdict == go_on && !write_table(base, table, scan, request)) verdict = refuse(reason::memory, 500);
    if (verdict != go_on) return refused(verdict, base, size, table, limits);

    const ParseResult result{Parse::ok, body_of(scan), 0, scan.line, reason::none};
    scan = {};
    return result;
}

}  // namespace parapet::http1
