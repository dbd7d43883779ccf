// IP addresses and ports as values: parsed from literals, rendered to text, turned into socket addresses.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace parapet {

/// 16 bytes in network order; IPv4 as ::ffff:a.b.c.d.
struct Address {
    std::uint8_t bytes[16] = {};
    std::uint16_t port = 0;

    [[nodiscard]] bool is_v4() const noexcept;
    [[nodiscard]] bool operator==(const Address&) const noexcept = default;
    /// The literal without port or brackets; at most 45 bytes are written. Returns the length.
    std::uint32_t format(char* out) const noexcept;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] socklen_t to_sockaddr(sockaddr_storage& out) const noexcept;
    [[nodiscard]] static Address from_sockaddr(const sockaddr_storage& in) noexcept;
    /// An IPv4 or IPv6 literal; an IPv6 one with or without brackets. False: it is none.
    static bool parse(std::string_view literal, std::uint16_t port, Address& out) noexcept;
    /// Whether a host is an address and no name: a literal without brackets.
    [[nodiscard]] static bool is_literal(std::string_view host) noexcept;
};

}  // namespace parapet
