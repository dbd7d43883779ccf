// Finds where a run of allowed bytes ends: tokens, field values, request targets. Sixteen bytes at a time where the
// machine can; the scalar forms are the definition, and what the fast forms are tested against.
#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__) && !defined(PARAPET_SCALAR_SCAN)
#define PARAPET_SSE2_SCAN 1
#include <emmintrin.h>
#endif

namespace parapet::http1 {

/// Lower case of each token character (RFC 9110 5.6.2), 0 for every other byte.
inline constexpr std::array<std::uint8_t, 256> token_lower = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = static_cast<std::uint8_t>(c);
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = static_cast<std::uint8_t>(c);
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
        table[static_cast<std::uint8_t>(c)] = static_cast<std::uint8_t>(c);
    return table;
}();

inline bool is_token_byte(std::uint8_t c) noexcept { return token_lower[c] != 0; }
inline bool is_blank(std::uint8_t c) noexcept { return c == ' ' || c == '\t'; }
inline bool is_digit(std::uint8_t c) noexcept { return static_cast<std::uint8_t>(c - '0') < 10; }

/// Field values: visible ASCII, obs-text, space and tab (RFC 9110 5.5).
inline bool is_value_byte(std::uint8_t c) noexcept { return (c >= 0x20 && c != 0x7f) || c == '\t'; }

/// Request targets: visible ASCII save "#", which starts the fragment that a target does not have (RFC 9112 3.2).
inline bool is_target_byte(std::uint8_t c) noexcept { return c > 0x20 && c < 0x7f && c != '#'; }

inline const std::uint8_t* value_end_scalar(const std::uint8_t* p, const std::uint8_t* end) noexcept {
    while (p != end && is_value_byte(*p)) ++p;
    return p;
}

inline const std::uint8_t* target_end_scalar(const std::uint8_t* p, const std::uint8_t* end) noexcept {
    while (p != end && is_target_byte(*p)) ++p;
    return p;
}

/// Turns the token at `p` to lower case, where it lies, and answers its end.
inline std::uint8_t* lower_token_scalar(std::uint8_t* p, const std::uint8_t* end) noexcept {
    for (; p != end && is_token_byte(*p); ++p) *p = token_lower[*p];
    return p;
}

// The fast forms are given the start of the buffer too: the last bytes of one that has sixteen are read together with
// some that come before them.

#ifdef PARAPET_SSE2_SCAN

inline __m128i load16(const std::uint8_t* p) noexcept { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

/// A bit for each of sixteen bytes that ends a value.
inline unsigned value_stops(const std::uint8_t* p) noexcept {
    const __m128i x = load16(p);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    const __m128i wrong = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\t')), control);
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(wrong, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)))));
}

/// A bit for each of sixteen bytes that ends a target. Compared as signed numbers, bytes from 0x80 on are below 0x21
/// too.
inline unsigned target_stops(const std::uint8_t* p) noexcept {
    const __m128i x = load16(p);
    const __m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(0x21));
    const __m128i other = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)), _mm_cmpeq_epi8(x, _mm_set1_epi8('#')));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, other)));
}

/// The first byte in [p, end) that `stops` marks; sixteen bytes before `end` are there.
template <typename Stops>
const std::uint8_t* first_stop(const std::uint8_t* p, const std::uint8_t* end, const Stops& stops) noexcept {
    for (; end - p >= 16; p += 16) {
        if (const unsigned mask = stops(p); mask != 0) return p + std::countr_zero(mask);
    }
    if (p == end) return end;
    const unsigned mask = stops(end - 16) >> (16 - (end - p));
    return mask != 0 ? p + std::countr_zero(mask) : end;
}

inline const std::uint8_t* value_end(const std::uint8_t* base, const std::uint8_t* p,
                                     const std::uint8_t* end) noexcept {
    return end - base < 16 ? value_end_scalar(p, end) : first_stop(p, end, value_stops);
}

inline const std::uint8_t* target_end(const std::uint8_t* base, const std::uint8_t* p,
                                      const std::uint8_t* end) noexcept {
    return end - base < 16 ? target_end_scalar(p, end) : first_stop(p, end, target_stops);
}

/// Sixteen bytes of a field name: how many of them, from the first, are letters, digits or "-", and all in lower case.
/// Setting bit 5 is lower case for exactly these: digits and "-" have it already.
struct NameBlock {
    __m128i lower;
    unsigned length;
};

inline NameBlock name_block(const std::uint8_t* p) noexcept {
    const __m128i x = load16(p);
    const __m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
    const auto between = [](__m128i v, char low, char high) {
        return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(static_cast<char>(low - 1))),
                             _mm_cmplt_epi8(v, _mm_set1_epi8(static_cast<char>(high + 1))));
    };
    const __m128i good = _mm_or_si128(_mm_or_si128(between(lower, 'a', 'z'), between(x, '0', '9')),
                                      _mm_cmpeq_epi8(x, _mm_set1_epi8('-')));
    const unsigned bad = ~static_cast<unsigned>(_mm_movemask_epi8(good)) | 0x10000u;
    return {lower, static_cast<unsigned>(std::countr_zero(bad))};
}

/// Writes the first `length` (at most 16) bytes of `lower` over `p`; the rest of the sixteen stays as it is.
inline void store_lower(std::uint8_t* p, const NameBlock& block) noexcept {
    alignas(16) static constexpr std::uint8_t window[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                            255, 255, 255, 255, 255, 255, 255, 0};
    const __m128i keep = load16(window + 16 - block.length);
    const __m128i mixed = _mm_or_si128(_mm_and_si128(keep, block.lower), _mm_andnot_si128(keep, load16(p)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), mixed);
}

inline std::uint8_t* lower_token(std::uint8_t* p, const std::uint8_t* end) noexcept {
    while (end - p >= 16) {
        const NameBlock block = name_block(p);
        store_lower(p, block);
        p += block.length;
        if (block.length == 16) continue;
        if (!is_token_byte(*p)) return p;
        *p = token_lower[*p];
        ++p;
    }
    return lower_token_scalar(p, end);
}

#else

inline const std::uint8_t* value_end(const std::uint8_t*, const std::uint8_t* p, const std::uint8_t* end) noexcept {
    return value_end_scalar(p, end);
}
inline const std::uint8_t* target_end(const std::uint8_t*, const std::uint8_t* p, const std::uint8_t* end) noexcept {
    return target_end_scalar(p, end);
}
inline std::uint8_t* lower_token(std::uint8_t* p, const std::uint8_t* end) noexcept {
    return lower_token_scalar(p, end);
}

#endif

}  // namespace parapet::http1
