// What a ClientHello says in bytes that OpenSSL leaves to us: the list of application protocols, and the name that is asked for.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace parapet {

/// Where `protocol` stands in a list of names with their lengths before them (RFC 7301 3.1); -1: nowhere, or the list is malformed
/// before it.
[[nodiscard]] std::ptrdiff_t find_protocol(std::span<const std::uint8_t> list, std::string_view protocol) noexcept;

/// A server name as certificates are looked up by: in lower case, without a final dot.
[[nodiscard]] std::string server_name_key(std::string_view name);

/// `*.example.com` for `www.example.com`; empty for a name of one label.
[[nodiscard]] std::string wildcard_of(std::string_view name);

}  // namespace parapet
