// Generated from the known names of src/engine/contract.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstdint>
#include <cstring>
#include "contract.gen.h"

namespace parapet {

inline constexpr std::uint8_t known_name_slots[512] = {
    22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    71, 0, 0, 0, 0, 5, 0, 0, 0, 84, 0, 0, 0, 16, 0, 0, 0, 0, 47, 0, 0, 0, 0, 0, 0, 0, 31, 0, 38, 0, 11, 0,
    0, 0, 0, 0, 0, 82, 0, 63, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 76, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0,
    86, 0, 0, 0, 0, 10, 0, 0, 0, 73, 0, 0, 0, 0, 9, 0, 59, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 87, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 70, 0, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 35, 0, 0, 0, 0, 0,
    0, 7, 0, 0, 29, 48, 0, 0, 0, 0, 0, 4, 0, 0, 40, 41, 91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0,
    0, 0, 0, 0, 89, 0, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 37, 0, 0, 0, 0, 0, 0, 0, 74, 0, 1, 0, 0, 3, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 26, 0, 0, 72, 0, 0, 0, 58, 0, 24, 0, 0, 88, 0, 0, 0, 0, 0, 0, 39, 0, 0, 0, 0, 0,
    0, 0, 36, 0, 0, 61, 0, 0, 0, 64, 0, 0, 0, 0, 51, 0, 0, 0, 0, 15, 0, 0, 0, 0, 50, 0, 0, 56, 13, 0, 0, 42,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 43, 0, 19, 0, 0, 0, 0, 0, 0, 0, 21, 0, 75, 0, 0, 17, 65, 0, 0,
    77, 0, 78, 0, 0, 0, 0, 0, 0, 0, 0, 0, 66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 45, 0, 0, 0, 0, 0, 0, 0, 67, 0, 0, 0, 0, 0, 49, 25, 0, 0, 0, 68, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 27, 0, 33, 32, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 54, 81, 0, 79, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 62, 0, 60, 83, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 34, 0, 52, 0, 0, 0, 0, 69, 0, 90,
    0, 0, 0, 0, 53, 0, 0, 92, 0, 0, 0, 0, 0, 0, 0, 0, 0, 57, 0, 0, 46, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0,
    0, 44, 0, 0, 0, 0, 0, 85, 0, 55, 0, 0, 0, 80, 0, 0, 0, 0
};
inline constexpr std::uint8_t known_name_lengths[] = {
    0, 4, 10, 14, 17, 2, 7, 7, 10, 16, 6, 12, 3, 4, 3, 13, 6, 7, 4, 13, 8, 13, 17, 19, 8, 5, 13, 13, 4, 13,
    6, 10, 8, 16, 12, 16, 6, 22, 13, 17, 16, 6, 18, 14, 13, 9, 15, 17, 12, 17, 21, 17, 9, 18, 19, 11, 16, 9,
    28, 7, 12, 14, 6, 6, 15, 15, 10, 7, 5, 16, 19, 23, 25, 16, 11, 7, 4, 27, 12, 15, 22, 14, 14, 14, 14, 9,
    16, 18, 25, 8, 3, 16, 11
};
inline constexpr std::uint32_t known_name_longest = 28;
/// The names again, padded with zeros, so that they can be compared in whole registers.
inline constexpr char known_name_text[][32] = {
    "", "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade",
    "keep-alive", "proxy-connection", "expect", "max-forwards", "via", "date", "age", "cache-control",
    "pragma", "expires", "etag", "last-modified", "if-match", "if-none-match", "if-modified-since",
    "if-unmodified-since", "if-range", "range", "content-range", "accept-ranges", "vary", "authorization",
    "cookie", "set-cookie", "location", "content-location", "content-type", "content-encoding", "origin",
    "x-http-method-override", "x-http-method", "x-method-override", "x-forwarded-host", "x-host",
    "x-forwarded-scheme", "x-original-url", "x-rewrite-url", "forwarded", "x-forwarded-for",
    "x-forwarded-proto", "cache-status", "cdn-cache-control", "parapet-cache-control", "surrogate-control",
    "cache-tag", "proxy-authenticate", "proxy-authorization", "parapet-ray", "x-forwarded-port",
    "x-real-ip", "cloudflare-cdn-cache-control", "warning", "proxy-status", "http2-settings", "server",
    "accept", "accept-encoding", "accept-language", "user-agent", "referer", "allow", "content-language",
    "content-disposition", "content-security-policy", "strict-transport-security", "x-requested-with",
    "retry-after", "alt-svc", "link", "access-control-allow-origin", "x-powered-by", "x-frame-options",
    "x-content-type-options", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user",
    "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "upgrade-insecure-requests", "priority", "dnt",
    "www-authenticate", "traceparent"
};

/// The one known name that a lower-case name with these bytes (at 0, length / 2, length - 1, length * 3 / 4) can be; 0: none.
/// Its length is right, its other bytes are for the caller to compare. The length is not 0.
inline std::uint32_t known_name_candidate(std::uint8_t first, std::uint8_t middle, std::uint8_t last, std::uint8_t third_quarter,
                                          std::uint32_t length) noexcept {
    const std::uint32_t packed = static_cast<std::uint32_t>(first) | static_cast<std::uint32_t>(middle) << 8 |
        static_cast<std::uint32_t>(last) << 16 | static_cast<std::uint32_t>(third_quarter) << 24;
    const std::uint32_t id = known_name_slots[((packed ^ (length * 0x01000193u)) * 1824568435u) >> 23];
    return known_name_lengths[id] == length ? id : 0;
}

/// Id of a lower-case field name, 0 if it is not a known one.
inline std::uint32_t known_name_id(const std::uint8_t* name, std::uint32_t length) noexcept {
    if (length == 0 || length > known_name_longest) return 0;
    const std::uint32_t id = known_name_candidate(name[0], name[length >> 1], name[length - 1], name[length * 3 >> 2], length);
    return id != 0 && std::memcmp(name, known_name_text[id], length) == 0 ? id : 0;
}

}  // namespace parapet
