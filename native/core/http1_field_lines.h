// The part of reading a head that requests and responses share: field lines, and the fields that frame a message.
// For the parsers themselves; others include http1_request.h or http1_response.h.
#pragma once
#include "http1_fields.h"
#include "http1_scan.h"
#include "known_names.gen.h"

namespace parapet::http1 {

/// What one step came to: go on, wait for more bytes, or fail.
struct Verdict {
    std::uint16_t status = 0;
    std::uint16_t reason = 0;

    constexpr bool operator==(const Verdict&) const noexcept = default;
    [[nodiscard]] constexpr bool is_fault() const noexcept { return status > 1; }
};
inline constexpr Verdict go_on{0, 0};
inline constexpr Verdict wait_for_more{1, 0};
constexpr Verdict refuse(std::int32_t reason, std::uint16_t status = 400) noexcept {
    return {status, static_cast<std::uint16_t>(reason)};
}

/// Bits of `HeadScan::flags` above those of `head_flag`: what the Connection field named.
inline constexpr std::uint32_t names_close = 1u << 24;
inline constexpr std::uint32_t names_keep_alive = 1u << 25;
inline constexpr std::uint32_t names_upgrade = 1u << 26;
/// A response has a transfer coding that nobody has registered: its end is that of its connection.
inline constexpr std::uint32_t unknown_coding = 1u << 27;

constexpr std::uint32_t flag(std::int32_t head_flag) noexcept { return static_cast<std::uint32_t>(head_flag); }
constexpr std::uint64_t known_bit(std::int32_t id) noexcept { return std::uint64_t{1} << id; }

/// A field name's length lies above its id in one word.
inline constexpr std::uint32_t head_bytes_possible = (1u << 23) - 1;

/// True if `text` is `word` (in lower case) in any case.
bool is_word(const std::uint8_t* text, std::uint32_t length, const char* word) noexcept;

/// The comma-separated elements of a field value, trimmed, empty ones included (RFC 9110 5.6.1).
struct Elements {
    const std::uint8_t* next;
    const std::uint8_t* end;
    bool done = false;

    /// False at the end; quoted strings are not looked into, as no field read here has any.
    bool take(const std::uint8_t*& text, std::uint32_t& length) noexcept;
};

/// Read one field each, its name known, and note in `scan` what it says. Repetition is judged by `scan.known`, in which
/// the field itself is not marked yet.
Verdict read_content_length(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept;
Verdict read_transfer_encoding(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept;
void read_connection(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept;

/// RFC 9112 9.3.
inline bool keeps_alive(const HeadScan& scan) noexcept {
    if ((scan.flags & names_close) != 0) return false;
    return scan.version != 10 || (scan.flags & names_keep_alive) != 0;
}

/// A line feed alone has its own reason, wherever it stands.
inline Verdict refuse_byte(std::uint8_t c, std::int32_t reason) noexcept {
    return refuse(c == '\n' ? reason::bare_line_feed : reason);
}

/// Reads CR LF at `p`, and sets `p` behind it.
inline Verdict read_line_end(std::uint8_t*& p, const std::uint8_t* end, std::int32_t otherwise) noexcept {
    if (p == end) return wait_for_more;
    if (*p != '\r') return refuse_byte(*p, otherwise);
    if (p + 1 == end) return wait_for_more;
    if (p[1] != '\n') return refuse(reason::bare_carriage_return);
    p += 2;
    return go_on;
}

/// Where a table can take fields.
struct FieldTable {
    std::int32_t* words;
    std::uint32_t capacity;
};

inline std::uint32_t fields_in(std::span<std::int32_t> table) noexcept {
    return static_cast<std::uint32_t>((table.size() - static_cast<std::size_t>(head_words)) /
                                      static_cast<std::size_t>(field_words));
}

/// A field name with its colon.
struct FieldName {
    std::uint32_t length = 0;
    std::uint32_t id = 0;
};

#ifdef PARAPET_SSE2_SCAN

/// Reads the name at `p` in one register: one of at most fifteen letters, digits and "-". Length 0: it is not such a
/// name, or not all there. `lower_short_name` remains to be done.
inline FieldName read_short_name(const std::uint8_t* p, const std::uint8_t* end) noexcept {
    if (end - p < 16) return {};
    const NameBlock block = name_block(p);
    const std::uint32_t length = block.length;
    if (length == 0 || length == 16 || p[length] != ':') return {};
    const auto lower = [p](std::uint32_t at) { return static_cast<std::uint8_t>(p[at] | 0x20); };
    const std::uint32_t id =
        known_name_candidate(lower(0), lower(length >> 1), lower(length - 1), lower(length * 3 >> 2), length);
    const __m128i candidate = load16(reinterpret_cast<const std::uint8_t*>(known_name_text[id]));
    const auto same = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(block.lower, candidate)));
    const unsigned wanted = (1u << length) - 1;
    return {length, (same & wanted) == wanted ? id : 0};
}

inline void lower_short_name(std::uint8_t* p) noexcept { store_lower(p, name_block(p)); }

#else

inline FieldName read_short_name(const std::uint8_t*, const std::uint8_t*) noexcept { return {}; }
inline void lower_short_name(std::uint8_t*) noexcept {}

#endif

/// Reads field lines from `scan.line` to the empty line that ends the head, and leaves `scan.line` behind it.
/// `message.field(id, text, length, scan)` judges each field whose name is known. Stops where the bytes do, at any
/// byte, and goes on from there.
template <typename Message>
Verdict read_field_lines(std::uint8_t* base, std::uint32_t size, HeadScan& scan, const FieldTable& table,
                         std::uint32_t fields_max, Message& message) noexcept {
    std::uint8_t* const end = base + size;
    std::uint8_t* p = base + scan.line;
    std::uint8_t* from = base + (scan.scanned > scan.line ? scan.scanned : scan.line);
    std::uint32_t mark = scan.mark;
    std::uint32_t count = scan.field_count;
    const auto stop = [&](std::uint8_t* line, std::uint32_t colon, const std::uint8_t* judged) {
        scan.line = static_cast<std::uint32_t>(line - base);
        scan.mark = colon;
        scan.scanned = static_cast<std::uint32_t>(judged - base);
        scan.field_count = count;
        return wait_for_more;
    };
    for (;;) {
        if (p == end) return stop(p, 0, p);
        if (*p == '\r') {
            std::uint8_t* behind = p;
            const Verdict verdict = read_line_end(behind, end, reason::none);
            if (verdict == wait_for_more) return stop(p, 0, p);
            if (verdict != go_on) return verdict;
            scan.line = static_cast<std::uint32_t>(behind - base);
            scan.field_count = count;
            return go_on;
        }
        // RFC 9112 5.2, and 2.2 for the first line.
        if (is_blank(*p)) return refuse(reason::obs_fold);
        if (count == fields_max) return refuse(reason::too_many_fields, 431);
        if (count == table.capacity) return refuse(reason::memory, 500);

        FieldName name;
        if (mark == 0 && from == p) name = read_short_name(p, end);
        if (name.length != 0) {
            mark = static_cast<std::uint32_t>(p - base) + name.length;
            from = p + name.length + 1;
        } else if (mark == 0) {
            std::uint8_t* const colon = lower_token(from, end);
            if (colon == end) return stop(p, 0, end);
            if (*colon != ':') {
                if (colon != p && is_blank(*colon)) return refuse(reason::space_before_colon);
                return refuse_byte(*colon, reason::bad_field_name);
            }
            if (colon == p) return refuse(reason::bad_field_name);
            mark = static_cast<std::uint32_t>(colon - base);
            from = colon + 1;
        }
        const std::uint8_t* const behind_value = value_end(base, from, end);
        // Not before: a load that overlaps a fresh store waits for it (28 ns for a request of five fields, measured).
        if (name.length != 0) lower_short_name(p);
        std::uint8_t* line_end = base + (behind_value - base);
        if (const Verdict verdict = read_line_end(line_end, end, reason::bad_field_value); verdict != go_on) {
            return verdict == wait_for_more ? stop(p, mark, behind_value) : verdict;
        }
        const std::uint8_t* value = base + mark + 1;
        const std::uint8_t* value_last = behind_value;
        while (value != value_last && is_blank(*value)) ++value;
        while (value != value_last && is_blank(value_last[-1])) --value_last;

        if (name.length == 0) {
            name.length = static_cast<std::uint32_t>(base + mark - p);
            name.id = known_name_id(p, name.length);
        }
        const auto value_length = static_cast<std::uint32_t>(value_last - value);
        std::int32_t* const entry = table.words + head_words + static_cast<std::size_t>(count) * field_words;
        entry[field_word::id_and_name_length] = static_cast<std::int32_t>(name.id | name.length << 8);
        entry[field_word::name_offset] = static_cast<std::int32_t>(p - base);
        entry[field_word::value_offset] = static_cast<std::int32_t>(value - base);
        entry[field_word::value_length] = static_cast<std::int32_t>(value_length);
        ++count;
        if (name.id != 0) {
            const auto id = static_cast<std::int32_t>(name.id);
            if (const Verdict verdict = message.field(id, value, value_length, scan); verdict != go_on) return verdict;
            if (id <= known_mask_ids) scan.known |= known_bit(id);
        }
        mark = 0;
        p = from = line_end;
    }
}

/// Writes the words that requests and responses have alike; those of parts that a message does not have become 0.
void write_common_words(std::span<std::int32_t> table, const HeadScan& scan, std::uint32_t length) noexcept;

}  // namespace parapet::http1
