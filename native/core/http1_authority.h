// The authority of a request: Host field, absolute target, CONNECT target (RFC 3986 3.2, RFC 9110 7.2).
#pragma once
#include <cstdint>

namespace parapet::http1 {

struct Authority {
    const std::uint8_t* text = nullptr;
    /// Bytes of the host, the brackets of an IPv6 literal included.
    std::uint32_t host_length = 0;
    std::uint32_t port = 0;
    /// A port was given; "host:" gives none.
    bool has_port = false;
};

/// Reads `uri-host [":" port]`: a registered name, an IPv4 address or an IPv6 literal, a port up to 65535 in at most
/// five digits. An empty host, user information, a zone id and the unused address form "[v1...]" are refused.
[[nodiscard]] bool read_authority(const std::uint8_t* text, std::uint32_t length, Authority& out) noexcept;

/// Writes host in lower case, and the port as a plain decimal where there is one: at most `authority_bytes_max` bytes.
/// Answers how many.
std::uint32_t write_authority(const Authority& authority, std::uint8_t* out) noexcept;

}  // namespace parapet::http1
