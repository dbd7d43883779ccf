#include "http1_authority.h"

#include <array>
#include <cstring>
#include "http1_fields.h"
#include "http1_scan.h"

namespace parapet::http1 {
namespace {

bool is_hex(std::uint8_t c) noexcept {
    const auto letter = static_cast<std::uint8_t>(c | 0x20);
    return is_digit(c) || (letter >= 'a' && letter <= 'f');
}

// unreserved and sub-delims of RFC 3986 2; "%" is looked at apart.
constexpr std::array<bool, 256> name_bytes = [] {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = true;
    for (const char c : {'-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '='})
        table[static_cast<std::uint8_t>(c)] = true;
    return table;
}();

/// Bytes of the registered name at `p`: up to the first byte that cannot belong to one.
std::uint32_t name_length(const std::uint8_t* p, std::uint32_t length) noexcept {
    std::uint32_t i = 0;
    while (i < length) {
        if (name_bytes[p[i]]) {
            ++i;
        } else if (p[i] == '%' && length - i >= 3 && is_hex(p[i + 1]) && is_hex(p[i + 2])) {
            i += 3;
        } else {
            break;
        }
    }
    return i;
}

/// Four decimal numbers up to 255 with no leading zero (RFC 3986 3.2.2, dec-octet), and nothing else.
bool is_ipv4(const std::uint8_t* p, std::uint32_t length) noexcept {
    std::uint32_t i = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && (i == length || p[i++] != '.')) return false;
        const std::uint32_t start = i;
        std::uint32_t value = 0;
        while (i < length && i - start < 3 && is_digit(p[i])) value = value * 10 + (p[i++] - std::uint32_t{'0'});
        if (i == start || value > 255 || (i - start > 1 && p[start] == '0')) return false;
    }
    return i == length;
}

/// RFC 3986 3.2.2, IPv6address, without brackets.
bool is_ipv6(const std::uint8_t* p, std::uint32_t length) noexcept {
    std::uint32_t i = 0;
    std::uint32_t groups = 0;
    bool has_gap = false;
    if (length >= 2 && p[0] == ':' && p[1] == ':') {
        has_gap = true;
        i = 2;
    }
    while (i < length) {
        if (groups <= 6 && is_ipv4(p + i, length - i)) return has_gap ? groups + 2 <= 7 : groups + 2 == 8;
        const std::uint32_t start = i;
        while (i < length && i - start < 4 && is_hex(p[i])) ++i;
        if (i == start || ++groups > 8) return false;
        if (i == length) break;
        if (p[i++] != ':') return false;
        if (i == length) return false;
        if (p[i] != ':') continue;
        if (has_gap) return false;
        has_gap = true;
        ++i;
    }
    return has_gap ? groups <= 7 : groups == 8;
}

/// Bytes of the bracketed literal at `p`, 0 if it is none.
std::uint32_t literal_length(const std::uint8_t* p, std::uint32_t length) noexcept {
    std::uint32_t close = 1;
    while (close < length && p[close] != ']') ++close;
    return close < length && is_ipv6(p + 1, close - 1) ? close + 1 : 0;
}

/// Eight bytes of ASCII at once: bit 7 of each byte tells "from A on", then "behind Z", and is moved to bit 5.
std::uint64_t lower_eight(std::uint64_t x) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101ull;
    const std::uint64_t from_a = x + each * (0x80 - 'A');
    const std::uint64_t behind_z = x + each * (0x7f - 'Z');
    return x | ((from_a & ~behind_z & (each * 0x80)) >> 2);
}

void lower_ascii(const std::uint8_t* text, std::uint32_t length, std::uint8_t* out) noexcept {
    const auto lower_at = [&](std::uint32_t at) {
        std::uint64_t x;
        std::memcpy(&x, text + at, 8);
        x = lower_eight(x);
        std::memcpy(out + at, &x, 8);
    };
    if (length < 8) {
        for (std::uint32_t i = 0; i < length; ++i)
            out[i] = static_cast<std::uint8_t>(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
        return;
    }
    for (std::uint32_t i = 0; i + 8 < length; i += 8) lower_at(i);
    // The last eight, some of them for the second time.
    lower_at(length - 8);
}

}  // namespace

bool read_authority(const std::uint8_t* text, std::uint32_t length, Authority& out) noexcept {
    out = {text, 0, 0, false};
    if (length == 0) return false;
    out.host_length = text[0] == '[' ? literal_length(text, length) : name_length(text, length);
    if (out.host_length == 0 || out.host_length > host_bytes_max) return false;
    std::uint32_t i = out.host_length;
    if (i == length) return true;
    if (text[i++] != ':') return false;
    if (length - i > 5) return false;
    out.has_port = i < length;
    for (; i < length; ++i) {
        if (!is_digit(text[i])) return false;
        out.port = out.port * 10 + (text[i] - std::uint32_t{'0'});
    }
    return out.port <= 65535;
}

std::uint32_t write_authority(const Authority& authority, std::uint8_t* out) noexcept {
    std::uint32_t length = authority.host_length;
    lower_ascii(authority.text, length, out);
    if (!authority.has_port) return length;
    out[length++] = ':';
    std::uint32_t divisor = 10000;
    while (divisor > 1 && authority.port < divisor) divisor /= 10;
    for (; divisor > 0; divisor /= 10) out[length++] = static_cast<std::uint8_t>('0' + authority.port / divisor % 10);
    return length;
}

}  // namespace parapet::http1
