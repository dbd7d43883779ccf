#include "ndjson_text.h"

namespace parapet::text {
namespace {

/// Length of the well-formed UTF-8 sequence (Unicode 15, table 3-7) that begins at `at`, 0: there is none.
std::uint32_t sequence_length(const std::uint8_t* at, std::uint32_t length) noexcept {
    const auto is_tail = [&](std::uint32_t index) { return (at[index] & 0xc0) == 0x80; };
    const std::uint8_t lead = at[0];
    if (lead >= 0xc2 && lead <= 0xdf) return length >= 2 && is_tail(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (length < 3 || !is_tail(1) || !is_tail(2)) return 0;
        if (lead == 0xe0 && at[1] < 0xa0) return 0;  // overlong
        if (lead == 0xed && at[1] > 0x9f) return 0;  // surrogates
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (length < 4 || !is_tail(1) || !is_tail(2) || !is_tail(3)) return 0;
        if (lead == 0xf0 && at[1] < 0x90) return 0;  // overlong
        if (lead == 0xf4 && at[1] > 0x8f) return 0;  // beyond U+10FFFF
        return 4;
    }
    return 0;
}

std::uint8_t* put_code(std::uint8_t* out, std::uint8_t code) noexcept {
    std::memcpy(out, "\\u00", 4);
    out[4] = static_cast<std::uint8_t>("0123456789abcdef"[code >> 4]);
    out[5] = static_cast<std::uint8_t>("0123456789abcdef"[code & 15]);
    return out + 6;
}

}  // namespace

std::uint8_t* put_special(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length, std::uint32_t& taken) noexcept {
    const std::uint8_t byte = at[0];
    taken = 1;
    if (byte >= 0x80) {
        const std::uint32_t sequence = sequence_length(at, length);
        if (sequence == 0) return put_code(out, byte);
        std::memcpy(out, at, sequence);
        taken = sequence;
        return out + sequence;
    }
    char letter = 0;
    switch (byte) {
        case '"': letter = '"'; break;
        case '\\': letter = '\\'; break;
        case '\b': letter = 'b'; break;
        case '\f': letter = 'f'; break;
        case '\n': letter = 'n'; break;
        case '\r': letter = 'r'; break;
        case '\t': letter = 't'; break;
        default: return put_code(out, byte);
    }
    out[0] = '\\';
    out[1] = static_cast<std::uint8_t>(letter);
    return out + 2;
}

std::uint8_t* TimeText::put(std::uint8_t* out, std::uint64_t ns, int digits) noexcept {
    const std::uint64_t second = ns / 1'000'000'000;
    const auto below = static_cast<std::uint32_t>(ns % 1'000'000'000);
    if (second != second_) {
        second_ = second;
        // Days to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"); u64 nanoseconds end in 2554.
        const auto days = static_cast<std::uint32_t>(second / 86'400) + 719'468;
        const auto of_day = static_cast<std::uint32_t>(second % 86'400);
        const std::uint32_t era = days / 146'097;
        const std::uint32_t day_of_era = days % 146'097;
        const std::uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
        const std::uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        const std::uint32_t shifted_month = (5 * day_of_year + 2) / 153;
        const std::uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        const std::uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
        const std::uint32_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
        std::uint8_t* at = put_pair(text_, year / 100);
        at = put_pair(at, year % 100);
        *at++ = '-';
        at = put_pair(at, month);
        *at++ = '-';
        at = put_pair(at, day);
        *at++ = 'T';
        at = put_pair(at, of_day / 3600);
        *at++ = ':';
        at = put_pair(at, of_day / 60 % 60);
        *at++ = ':';
        put_pair(at, of_day % 60);
    }
    *out++ = '"';
    std::memcpy(out, text_, 19);
    out += 19;
    if (digits != 0) {
        std::uint8_t fraction[9];
        fraction[0] = static_cast<std::uint8_t>('0' + below / 100'000'000);
        put_eight(fraction + 1, below % 100'000'000);
        *out++ = '.';
        std::memcpy(out, fraction, static_cast<std::size_t>(digits));
        out += digits;
    }
    *out++ = 'Z';
    *out++ = '"';
    return out;
}

}  // namespace parapet::text
