// How values become JSON text: numbers, times, addresses, strings. Every function writes at `out`, which has room for its
// worst case (and `text_slack` bytes more, because whole words are stored), and returns the end of what it wrote.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "address.h"

namespace parapet::text {

inline constexpr std::uint32_t text_slack = 32;

inline constexpr char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960"
    "616263646566676869707172737475767778798081828384858687888990919293949596979899";

inline std::uint8_t* put_pair(std::uint8_t* out, std::uint32_t value) noexcept {
    std::memcpy(out, digit_pairs + 2 * value, 2);
    return out + 2;
}

/// Exactly eight digits.
inline std::uint8_t* put_eight(std::uint8_t* out, std::uint32_t value) noexcept {
    const std::uint32_t high = value / 10'000;
    const std::uint32_t low = value % 10'000;
    put_pair(out, high / 100);
    put_pair(out + 2, high % 100);
    put_pair(out + 4, low / 100);
    put_pair(out + 6, low % 100);
    return out + 8;
}

/// Up to eight digits, without leading zeros.
inline std::uint8_t* put_small(std::uint8_t* out, std::uint32_t value) noexcept {
    if (value < 10) {
        *out = static_cast<std::uint8_t>('0' + value);
        return out + 1;
    }
    if (value < 100) return put_pair(out, value);
    if (value < 1000) {
        *out = static_cast<std::uint8_t>('0' + value / 100);
        return put_pair(out + 1, value % 100);
    }
    if (value < 10'000) {
        put_pair(out, value / 100);
        return put_pair(out + 2, value % 100);
    }
    std::uint8_t digits[8];
    put_eight(digits, value);
    std::uint32_t zeros = 0;
    while (digits[zeros] == '0') ++zeros;
    std::memcpy(out, digits + zeros, 8 - zeros);
    return out + 8 - zeros;
}

inline std::uint8_t* put_u64(std::uint8_t* out, std::uint64_t value) noexcept {
    constexpr std::uint64_t eight = 100'000'000;
    if (value < eight) return put_small(out, static_cast<std::uint32_t>(value));
    const std::uint64_t high = value / eight;
    out = high < eight ? put_small(out, static_cast<std::uint32_t>(high)) : put_u64(out, high);
    return put_eight(out, static_cast<std::uint32_t>(value % eight));
}

/// Eight hexadecimal digits: each nibble moves to a byte of its own, and becomes a digit by arithmetic on all at once.
inline std::uint64_t hex8(std::uint32_t value) noexcept {
    std::uint64_t word = __builtin_bswap32(value);
    word = (word | word << 16) & 0x0000ffff0000ffffu;
    word = (word | word << 8) & 0x00ff00ff00ff00ffu;
    word = (word >> 4 | word << 8) & 0x0f0f0f0f0f0f0f0fu;
    // 0x27 leads from the character after "9" to "a".
    const std::uint64_t letters = ((word + 0x0606060606060606u) >> 4 & 0x0101010101010101u) * 0x27;
    return word + 0x3030303030303030u + letters;
}

inline std::uint8_t* put_hex16(std::uint8_t* out, std::uint64_t value) noexcept {
    const std::uint64_t words[2] = {hex8(static_cast<std::uint32_t>(value >> 32)), hex8(static_cast<std::uint32_t>(value))};
    std::memcpy(out, words, sizeof words);
    return out + 16;
}

/// A short text that has `text_slack` readable bytes behind it: copied in whole words, without a call for the usual length.
inline std::uint8_t* put_literal(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length) noexcept {
    std::memcpy(out, at, text_slack);
    if (length > text_slack) std::memcpy(out + text_slack, at + text_slack, length - text_slack);
    return out + length;
}

inline std::uint8_t* put_quoted_address(std::uint8_t* out, const std::uint8_t* bytes) noexcept {
    static constexpr std::uint8_t none[16] = {};
    static constexpr std::uint8_t v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    *out++ = '"';
    if (std::memcmp(bytes, v4, sizeof v4) == 0) {
        for (int index = 12; index < 16; ++index) {
            if (index != 12) *out++ = '.';
            out = put_small(out, bytes[index]);
        }
    } else if (std::memcmp(bytes, none, sizeof none) != 0) {
        Address address;
        std::memcpy(address.bytes, bytes, sizeof address.bytes);
        out += address.format(reinterpret_cast<char*>(out));
    }
    *out++ = '"';
    return out;
}

/// The text of times, which mostly share their second with the one before.
class TimeText {
public:
    /// RFC 3339 in UTC with 0, 3 or 9 digits below the second, quoted.
    std::uint8_t* put(std::uint8_t* out, std::uint64_t ns, int digits) noexcept;

private:
    std::uint64_t second_ = ~std::uint64_t{0};
    std::uint8_t text_[20] = {};
};

/// Bytes of a string that need no escape and are ASCII, from `at` on; copied to `out` on the way.
inline std::uint32_t put_clean(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length) noexcept {
    std::uint32_t done = 0;
#if defined(__SSE2__)
    for (; length - done >= 16; done += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + done));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + done), bytes);
        // As signed numbers, what is below 0x20 and what is above 0x7f are both less than a space.
        const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        const auto found = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash))));
        if (found != 0) return done + static_cast<std::uint32_t>(std::countr_zero(found));
    }
#endif
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t highs = 0x8080808080808080u;
    for (; length - done >= 8; done += 8) {
        std::uint64_t word;
        std::memcpy(&word, at + done, 8);
        std::memcpy(out + done, &word, 8);
        const std::uint64_t quote = word ^ (ones * '"');
        const std::uint64_t slash = word ^ (ones * '\\');
        // Exact below the first byte that is found; bytes above it may be marked wrongly by the borrow, which is harmless.
        const std::uint64_t found = (((word - ones * 0x20) | (quote - ones) | (slash - ones)) & ~word & highs) | (word & highs);
        if (found != 0) return done + static_cast<std::uint32_t>(std::countr_zero(found)) / 8;
    }
    for (; done < length; ++done) {
        const std::uint8_t byte = at[done];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') return done;
        out[done] = byte;
    }
    return done;
}

/// Puts what `put_clean` stopped at: an escape, a whole UTF-8 sequence, or a byte that is part of none, which is read as
/// ISO 8859-1 (what fields carried before UTF-8) and escaped. `taken` bytes of the string are done with, at least one.
std::uint8_t* put_special(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length, std::uint32_t& taken) noexcept;

/// The inside of a JSON string: at most six bytes for each of `length`.
inline std::uint8_t* put_escaped(std::uint8_t* out, const std::uint8_t* at, std::uint32_t length) noexcept {
    std::uint32_t done = 0;
    for (;;) {
        const std::uint32_t clean = put_clean(out, at + done, length - done);
        out += clean;
        done += clean;
        if (done == length) return out;
        std::uint32_t taken = 0;
        out = put_special(out, at + done, length - done, taken);
        done += taken;
    }
}

}  // namespace parapet::text
