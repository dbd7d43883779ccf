// Runs the HTTP/1 parsers over an input whole and in pieces, and checks what must hold for any input. Shared by the
// unit tests and the fuzz targets. Every buffer is exactly as large as its content, so that ASan sees a read behind it.
#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/http1_chunk.h"
#include "core/http1_request.h"
#include "core/http1_response.h"
#include "core/http1_scan.h"
#include "core/known_names.gen.h"

namespace parapet::http1::harness {

struct HeadOutcome {
    ParseResult result{};
    /// The head as the parser left it, for `ok`.
    std::string raw{};
    std::vector<std::int32_t> table{};

    [[nodiscard]] std::int32_t word(std::int32_t index) const { return table[static_cast<std::size_t>(index)]; }
    [[nodiscard]] bool has(std::int32_t head_flag) const { return (word(head_word::flags) & head_flag) != 0; }
    // Copies, so that an outcome need not outlive them.
    [[nodiscard]] std::string span(std::int32_t offset_word) const {
        return piece(word(offset_word), word(offset_word + 1));
    }
    [[nodiscard]] std::int32_t field_word_of(std::int32_t field, std::int32_t index) const {
        return word(head_words + field * field_words + index);
    }
    [[nodiscard]] std::int32_t id(std::int32_t field) const {
        return field_word_of(field, field_word::id_and_name_length) & 0xff;
    }
    [[nodiscard]] std::string name(std::int32_t field) const {
        return piece(field_word_of(field, field_word::name_offset),
                     field_word_of(field, field_word::id_and_name_length) >> 8);
    }
    [[nodiscard]] std::string value(std::int32_t field) const {
        return piece(field_word_of(field, field_word::value_offset), field_word_of(field, field_word::value_length));
    }
    [[nodiscard]] std::string authority() const {
        return {reinterpret_cast<const char*>(table.data()) + word(head_word::authority_offset),
                static_cast<std::size_t>(word(head_word::authority_length))};
    }
    [[nodiscard]] std::string host() const {
        return authority().substr(0, static_cast<std::size_t>(word(head_word::host_length)));
    }
    [[nodiscard]] std::string piece(std::int32_t offset, std::int32_t length) const {
        return raw.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
    }
};

inline bool operator==(const ParseResult& a, const ParseResult& b) {
    return a.state == b.state && a.body == b.body && a.status == b.status && a.consumed == b.consumed &&
           a.reason == b.reason;
}
inline bool operator==(const HeadOutcome& a, const HeadOutcome& b) {
    return a.result == b.result && a.raw == b.raw && a.table == b.table;
}

/// Parses growing prefixes of `input` that end where `ends` says (rising, the last one at its size), until one is
/// judged. `parse` is called with (raw, scan, table). Prefixes move between the calls, and the table is overwritten.
template <typename Parse_>
HeadOutcome read_head_in(std::string_view input, const std::vector<std::size_t>& ends, std::size_t table_words,
                         const Parse_& parse) {
    std::string seen;
    HeadScan scan;
    HeadOutcome outcome;
    for (const std::size_t end : ends) {
        const std::size_t before = seen.size();
        seen.append(input.substr(before, end - before));
        const auto raw = std::make_unique<std::uint8_t[]>(seen.size());
        std::memcpy(raw.get(), seen.data(), seen.size());
        const auto table = std::make_unique<std::int32_t[]>(table_words);
        std::memset(table.get(), 0xdb, table_words * sizeof(std::int32_t));
        outcome.result = parse(std::span(raw.get(), seen.size()), scan, std::span(table.get(), table_words));
        std::memcpy(seen.data(), raw.get(), seen.size());
        if (outcome.result.state == Parse::need_more) continue;
        const bool is_ok = outcome.result.state == Parse::ok;
        const std::size_t kept = is_ok ? static_cast<std::size_t>(table[head_word::table_bytes]) / 4
                                       : std::min<std::size_t>(table_words, head_words);
        outcome.table.assign(table.get(), table.get() + kept);
        // The padding behind the authority is nobody's.
        if (is_ok && outcome.word(head_word::authority_length) > 0) {
            const auto used = static_cast<std::size_t>(outcome.word(head_word::authority_offset) +
                                                       outcome.word(head_word::authority_length));
            std::memset(reinterpret_cast<char*>(outcome.table.data()) + used, 0, kept * 4 - used);
        }
        if (is_ok) outcome.raw = seen.substr(0, outcome.result.consumed);
        break;
    }
    return outcome;
}

inline HeadOutcome read_request_in(std::string_view input, const std::vector<std::size_t>& ends,
                                   const HeadLimits& limits) {
    return read_head_in(input, ends, head_table_words(limits),
                        [&](auto raw, HeadScan& scan, auto table) { return parse_request(raw, scan, table, limits); });
}

inline HeadOutcome read_response_in(std::string_view input, const std::vector<std::size_t>& ends,
                                    const HeadLimits& limits, std::int32_t method) {
    return read_head_in(input, ends, head_table_words(limits), [&](auto raw, HeadScan& scan, auto table) {
        return parse_response(raw, scan, table, limits, method);
    });
}

struct ChunkOutcome {
    ChunkEvent event = ChunkEvent::need_more;
    std::uint16_t status = 0;
    std::int32_t reason = 0;
    std::size_t consumed = 0;
    std::string body{};
    std::string trailers{};
    /// A promise of `feed` was broken.
    const char* broken = nullptr;

    bool operator==(const ChunkOutcome& other) const {
        return event == other.event && status == other.status && reason == other.reason && consumed == other.consumed &&
               body == other.body && trailers == other.trailers;
    }
};

inline ChunkOutcome read_chunks_in(std::string_view input, const std::vector<std::size_t>& ends,
                                   const ChunkLimits& limits, std::size_t kept_bytes) {
    const auto kept = std::make_unique<std::uint8_t[]>(kept_bytes);
    ChunkDecoder decoder(std::span(kept.get(), kept_bytes), limits);
    ChunkOutcome outcome;
    std::size_t start = 0;
    for (const std::size_t end : ends) {
        const auto piece = std::make_unique<std::uint8_t[]>(end - start);
        std::memcpy(piece.get(), input.data() + start, end - start);
        std::span<const std::uint8_t> left(piece.get(), end - start);
        do {
            const ChunkStep step = decoder.feed(left);
            if (step.consumed > left.size()) {
                outcome.broken = "more consumed than given";
                return outcome;
            }
            const bool is_inside = step.data.empty() ||
                                   step.data.data() + step.data.size() == left.data() + step.consumed;
            if (!is_inside || (step.event == ChunkEvent::data) == step.data.empty())
                outcome.broken = "data is not the end of what was consumed";
            if (step.event == ChunkEvent::need_more && step.consumed != left.size())
                outcome.broken = "need_more, but bytes are left";
            outcome.event = step.event == ChunkEvent::data ? ChunkEvent::need_more : step.event;
            outcome.status = step.status;
            outcome.reason = step.reason;
            outcome.consumed += step.consumed;
            outcome.body.append(reinterpret_cast<const char*>(step.data.data()), step.data.size());
            left = left.subspan(step.consumed);
            if (step.event == ChunkEvent::end || step.event == ChunkEvent::error) break;
        } while (!left.empty());
        start = end;
        if (outcome.event != ChunkEvent::need_more) break;
    }
    const auto trailers = decoder.trailers();
    outcome.trailers.assign(reinterpret_cast<const char*>(trailers.data()), trailers.size());
    if (decoder.body_bytes() != outcome.body.size()) outcome.broken = "body_bytes is not what was handed out";
    return outcome;
}

// --- What must hold for every head that is accepted: the reason why it does not, or nullptr.

inline bool is_inside(std::int32_t offset, std::int32_t length, std::int32_t limit) {
    return offset >= 0 && length >= 0 && offset <= limit && length <= limit - offset;
}

inline const char* broken_field(const HeadOutcome& head, std::int32_t field, std::int32_t& behind) {
    const std::int32_t limit = head.word(head_word::raw_length);
    const std::int32_t name_offset = head.field_word_of(field, field_word::name_offset);
    const std::int32_t value_offset = head.field_word_of(field, field_word::value_offset);
    if (!is_inside(name_offset, head.field_word_of(field, field_word::id_and_name_length) >> 8, limit))
        return "a name outside the head";
    if (!is_inside(value_offset, head.field_word_of(field, field_word::value_length), limit))
        return "a value outside the head";
    const std::string name = head.name(field);
    const std::string value = head.value(field);
    if (name.empty() || name_offset < behind || value_offset <= name_offset + static_cast<std::int32_t>(name.size()))
        return "fields out of order";
    behind = value_offset + static_cast<std::int32_t>(value.size());
    for (const char c : name) {
        if (token_lower[static_cast<std::uint8_t>(c)] != static_cast<std::uint8_t>(c))
            return "a name that is no lower-case token";
    }
    for (const char c : value) {
        if (!is_value_byte(static_cast<std::uint8_t>(c))) return "a control character in a value";
    }
    if (!value.empty() &&
        (is_blank(static_cast<std::uint8_t>(value.front())) || is_blank(static_cast<std::uint8_t>(value.back()))))
        return "a value that is not trimmed";
    const auto id = static_cast<std::int32_t>(
        known_name_id(reinterpret_cast<const std::uint8_t*>(name.data()), static_cast<std::uint32_t>(name.size())));
    return head.id(field) == id ? nullptr : "a wrong name id";
}

/// Every line ends with CR LF, neither stands elsewhere, and there are as many lines as parts: nobody can read more
/// fields from it.
inline const char* broken_lines(const HeadOutcome& head) {
    std::int32_t lines = 0;
    for (std::size_t i = 0; i < head.raw.size(); ++i) {
        const bool is_return = head.raw[i] == '\r';
        if (is_return != (i + 1 < head.raw.size() && head.raw[i + 1] == '\n')) return "a bare CR or LF";
        lines += is_return ? 1 : 0;
    }
    const std::int32_t leading = head.word(head_word::method_offset) > 0 && head.raw.starts_with("\r\n\r\n") ? 2
                                 : head.raw.starts_with("\r\n")                                              ? 1
                                                                                                             : 0;
    return lines == leading + 2 + head.word(head_word::field_count) ? nullptr : "a line that is no field";
}

inline const char* broken_head(const HeadOutcome& head, std::size_t input_bytes, const HeadLimits& limits) {
    if (head.result.consumed > input_bytes || head.result.consumed > limits.head_bytes_max)
        return "more consumed than there is";
    const auto limit = static_cast<std::int32_t>(head.result.consumed);
    if (head.word(head_word::raw_length) != limit || !head.raw.ends_with("\r\n\r\n"))
        return "a head that does not end with its empty line";
    if (const char* const broken = broken_lines(head); broken != nullptr) return broken;
    if (head.word(head_word::raw_offset) != 0) return "raw_offset is for the caller";
    for (const std::int32_t word :
         {head_word::method_offset, head_word::target_offset, head_word::path_offset, head_word::query_offset}) {
        if (!is_inside(head.word(word), head.word(word + 1), limit)) return "a span outside the head";
    }
    const std::int32_t count = head.word(head_word::field_count);
    if (count < 0 || static_cast<std::uint32_t>(count) > limits.fields_max) return "too many fields";
    std::uint64_t known = 0;
    std::int32_t behind = 0;
    for (std::int32_t field = 0; field < count; ++field) {
        if (const char* const broken = broken_field(head, field, behind); broken != nullptr) return broken;
        if (head.id(field) >= 1 && head.id(field) <= known_mask_ids) known |= std::uint64_t{1} << head.id(field);
    }
    const auto low = static_cast<std::uint32_t>(head.word(head_word::known_low));
    const auto high = static_cast<std::uint32_t>(head.word(head_word::known_high));
    if (known != (std::uint64_t{high} << 32 | low)) return "a wrong mask";
    const bool is_chunked = head.has(head_flag::chunked);
    if (is_chunked && head.has(head_flag::has_content_length)) return "both length and coding";
    if ((head.result.body == Body::chunked) != is_chunked) return "chunked, but not so read";
    if (head.result.body == Body::length && head.word(head_word::content_length_low) == 0 &&
        head.word(head_word::content_length_high) == 0)
        return "a body of no length";
    return nullptr;
}

inline const char* broken_request(const HeadOutcome& head, std::size_t input_bytes, const HeadLimits& limits) {
    if (const char* const broken = broken_head(head, input_bytes, limits); broken != nullptr) return broken;
    const std::string target = head.span(head_word::target_offset);
    const std::string path = head.span(head_word::path_offset);
    if (target.empty() || target.size() > limits.target_bytes_max) return "a target out of bounds";
    for (const char c : target) {
        if (!is_target_byte(static_cast<std::uint8_t>(c))) return "a wrong byte in the target";
    }
    const bool is_connect = head.word(head_word::code) == method_id::connect;
    if (is_connect != path.empty() || (!is_connect && path != "*" && path.front() != '/')) return "a wrong path";
    if (path.find('?') != std::string::npos) return "a query in the path";
    if (head.has(head_flag::has_query) &&
        head.raw[static_cast<std::size_t>(head.word(head_word::query_offset)) - 1] != '?')
        return "a wrong query";
    const std::int32_t authority_offset = head.word(head_word::authority_offset);
    const auto table_bytes = static_cast<std::int32_t>(head.table.size() * 4);
    if (!is_inside(authority_offset, head.word(head_word::authority_length), table_bytes))
        return "an authority outside the table";
    const std::string authority = head.authority();
    if (authority.empty())
        return head.word(head_word::version) == 10 && !head.has(head_flag::has_host) ? nullptr : "no authority";
    if (authority_offset < (head_words + head.word(head_word::field_count) * field_words) * 4)
        return "an authority over the fields";
    if (std::any_of(authority.begin(), authority.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "an authority in upper case";
    const std::string host = head.host();
    if (host.empty()) return "no host";
    if (host.size() == authority.size()) return head.word(head_word::port) == 0 ? nullptr : "a port from nowhere";
    return authority.substr(host.size()) == ":" + std::to_string(head.word(head_word::port)) ? nullptr : "a wrong port";
}

/// An accepted request, written again from its parts as an origin would get it.
inline std::string written_again(const HeadOutcome& head) {
    std::string out = head.span(head_word::method_offset) + " " + head.span(head_word::target_offset) +
                      (head.word(head_word::version) == 10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
    for (std::int32_t field = 0; field < head.word(head_word::field_count); ++field)
        out += head.name(field) + ": " + head.value(field) + "\r\n";
    return out + "\r\n";
}

// --- Ways to cut an input.

using Ends = std::vector<std::size_t>;

inline Ends whole(std::string_view input) { return {input.size()}; }

inline Ends each_byte(std::string_view input) {
    Ends ends;
    for (std::size_t end = 1; end <= input.size(); ++end) ends.push_back(end);
    return ends;
}

/// Between one and eight cuts, by a generator that gives the same for the same seed.
inline Ends some_cuts(std::string_view input, std::uint64_t& seed) {
    const auto next = [&seed] {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        return seed;
    };
    Ends ends{input.size()};
    const std::uint64_t cuts = 1 + next() % 8;
    for (std::uint64_t cut = 0; cut < cuts; ++cut) ends.push_back(next() % (input.size() + 1));
    std::sort(ends.begin(), ends.end());
    return ends;
}

}  // namespace parapet::http1::harness
