#include "http1_field_lines.h"

#include <algorithm>

namespace parapet::http1 {

bool is_word(const std::uint8_t* text, std::uint32_t length, const char* word) noexcept {
    for (std::uint32_t i = 0; i < length; ++i) {
        // No byte of a token becomes 0, so a word that ends early differs here.
        if (token_lower[text[i]] != static_cast<std::uint8_t>(word[i]) || word[i] == '\0') return false;
    }
    return word[length] == '\0';
}

bool Elements::take(const std::uint8_t*& text, std::uint32_t& length) noexcept {
    if (done) return false;
    const std::uint8_t* last = next;
    while (last != end && *last != ',') ++last;
    const std::uint8_t* const comma = last;
    while (next != last && is_blank(*next)) ++next;
    while (last != next && is_blank(last[-1])) --last;
    text = next;
    length = static_cast<std::uint32_t>(last - next);
    done = comma == end;
    next = done ? end : comma + 1;
    return true;
}

// RFC 9110 8.6, RFC 9112 6.3. Equal lengths in a list may be merged there; here they are refused, as they come from no
// sender that is in order.
Verdict read_content_length(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
    if ((scan.known & known_bit(known::transfer_encoding)) != 0) return refuse(reason::length_and_coding);
    if ((scan.known & known_bit(known::content_length)) != 0) return refuse(reason::repeated_content_length);
    if (length == 0) return refuse(reason::bad_content_length);
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < length; ++i) {
        if (!is_digit(text[i])) return refuse(reason::bad_content_length);
        value = value * 10 + (text[i] - std::uint64_t{'0'});
        if (value > length_max) return refuse(reason::bad_content_length);
    }
    scan.content_length = value;
    scan.flags |= flag(head_flag::has_content_length);
    return go_on;
}

// RFC 9112 6.1, 7. Chunked is the only coding known here, so it must be the only one, once, over all lines.
Verdict read_transfer_encoding(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
    if (scan.version == 10) return refuse(reason::coding_in_1_0);
    if ((scan.known & known_bit(known::content_length)) != 0) return refuse(reason::length_and_coding);
    Elements elements{text, text + length};
    const std::uint8_t* coding = nullptr;
    std::uint32_t coding_length = 0;
    while (elements.take(coding, coding_length)) {
        std::uint32_t name_length = 0;
        while (name_length < coding_length && is_token_byte(coding[name_length])) ++name_length;
        const bool has_more = name_length < coding_length;
        // Whatever follows chunked, a second chunked too, leaves the end of the body unknown.
        if (name_length == 0 || (scan.flags & flag(head_flag::chunked)) != 0)
            return refuse(reason::bad_transfer_encoding);
        if (has_more && coding[name_length] != ';' && !is_blank(coding[name_length]))
            return refuse(reason::bad_transfer_encoding);
        if (!is_word(coding, name_length, "chunked")) return refuse(reason::unknown_transfer_coding, 501);
        if (has_more) return refuse(reason::bad_transfer_encoding);
        scan.flags |= flag(head_flag::chunked);
    }
    return go_on;
}

void read_connection(const std::uint8_t* text, std::uint32_t length, HeadScan& scan) noexcept {
    // What nearly all senders send.
    if (length == 10 && is_word(text, length, "keep-alive")) {
        scan.flags |= names_keep_alive;
        return;
    }
    Elements elements{text, text + length};
    const std::uint8_t* option = nullptr;
    std::uint32_t option_length = 0;
    while (elements.take(option, option_length)) {
        if (is_word(option, option_length, "close")) scan.flags |= names_close;
        else if (is_word(option, option_length, "keep-alive")) scan.flags |= names_keep_alive;
        else if (is_word(option, option_length, "upgrade")) scan.flags |= names_upgrade;
    }
}

void write_common_words(std::span<std::int32_t> table, const HeadScan& scan, std::uint32_t length) noexcept {
    std::fill_n(table.begin(), head_words, 0);
    table[head_word::raw_length] = static_cast<std::int32_t>(length);
    table[head_word::version] = scan.version;
    table[head_word::code] = static_cast<std::int32_t>(scan.code);
    table[head_word::content_length_low] = static_cast<std::int32_t>(static_cast<std::uint32_t>(scan.content_length));
    table[head_word::content_length_high] = static_cast<std::int32_t>(scan.content_length >> 32);
    table[head_word::known_low] = static_cast<std::int32_t>(static_cast<std::uint32_t>(scan.known));
    table[head_word::known_high] = static_cast<std::int32_t>(scan.known >> 32);
    table[head_word::field_count] = static_cast<std::int32_t>(scan.field_count);
    table[head_word::table_bytes] = (head_words + static_cast<std::int32_t>(scan.field_count) * field_words) * 4;
}

}  // namespace parapet::http1
