#include "address.h"

#include <arpa/inet.h>

#include <charconv>

namespace parapet {

namespace {
constexpr std::uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::uint32_t text_max = 45;
}  // namespace

bool Address::is_v4() const noexcept { return std::memcmp(bytes, v4_prefix, sizeof v4_prefix) == 0; }

std::uint32_t Address::format(char* out) const noexcept {
    if (is_v4()) {
        // Each forwarded request and each record has one: inet_ntop goes through printf.
        char* at = out;
        for (int index = 12; index < 16; ++index) {
            if (index > 12) *at++ = '.';
            at = std::to_chars(at, at + 3, bytes[index]).ptr;
        }
        return static_cast<std::uint32_t>(at - out);
    }
    char text[INET6_ADDRSTRLEN];
    if (::inet_ntop(AF_INET6, bytes, text, sizeof text) == nullptr) return 0;
    const auto length = static_cast<std::uint32_t>(::strnlen(text, text_max));
    std::memcpy(out, text, length);
    return length;
}

std::string Address::text() const {
    char out[text_max + 1];
    return {out, format(out)};
}

socklen_t Address::to_sockaddr(sockaddr_storage& out) const noexcept {
    std::memset(&out, 0, sizeof out);
    if (is_v4()) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        std::memcpy(&v4->sin_addr, bytes + 12, 4);
        return sizeof(sockaddr_in);
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, bytes, 16);
    return sizeof(sockaddr_in6);
}

Address Address::from_sockaddr(const sockaddr_storage& in) noexcept {
    Address result;
    if (in.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&in);
        std::memcpy(result.bytes, v4_prefix, sizeof v4_prefix);
        std::memcpy(result.bytes + 12, &v4->sin_addr, 4);
        result.port = ntohs(v4->sin_port);
    } else if (in.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&in);
        std::memcpy(result.bytes, &v6->sin6_addr, 16);
        result.port = ntohs(v6->sin6_port);
    }
    return result;
}

bool Address::parse(std::string_view literal, std::uint16_t port, Address& out) noexcept {
    if (literal.size() >= 2 && literal.front() == '[' && literal.back() == ']') literal = literal.substr(1, literal.size() - 2);
    char text[INET6_ADDRSTRLEN];
    if (literal.empty() || literal.size() >= sizeof text) return false;
    std::memcpy(text, literal.data(), literal.size());
    text[literal.size()] = 0;
    Address result;
    result.port = port;
    if (::inet_pton(AF_INET, text, result.bytes + 12) == 1) {
        std::memcpy(result.bytes, v4_prefix, sizeof v4_prefix);
    } else if (::inet_pton(AF_INET6, text, result.bytes) != 1) {
        return false;
    }
    out = result;
    return true;
}

bool Address::is_literal(std::string_view host) noexcept {
    Address ignored;
    return !host.starts_with('[') && parse(host, 0, ignored);
}

}  // namespace parapet
