// What a key names: zone, site, URL. The store compares keys as bytes; purges of groups look into them.
//
//   u32 zone | 'h' or 's' | host, `:port` unless it is the scheme's own | 0x00 | path | `?` query | extensions
//
// Extensions (request fields, variants, parts of a body) begin with a byte below 0x20, which no URL holds. All keys with the same
// bytes before it are one URL's. `src/cache/key.ts` lays keys out.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

namespace parapet::store {

struct KeyParts {
  using Bytes = std::span<const std::uint8_t>;
  Bytes url;   // all up to the extensions; the whole key where it is not laid out like this
  Bytes zone;  // empty in that case, as are the others
  Bytes host;  // without port
  Bytes path;  // without query
};

inline constexpr std::size_t key_zone_bytes = 4;
inline constexpr std::uint8_t key_extension_below = 0x20;

inline KeyParts parts_of(std::span<const std::uint8_t> key) noexcept {
  KeyParts parts;
  parts.url = key;
  constexpr std::size_t host_at = key_zone_bytes + 1;
  if (key.size() <= host_at) return parts;
  const void* end = std::memchr(key.data() + host_at, 0, key.size() - host_at);
  if (end == nullptr) return parts;
  const std::size_t path_at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(end) - key.data()) + 1;
  std::size_t url_end = path_at;
  std::size_t path_end = key.size();
  for (; url_end < key.size() && key[url_end] >= key_extension_below; ++url_end) {
    if (key[url_end] == '?' && path_end == key.size()) path_end = url_end;
  }
  parts.url = key.first(url_end);
  parts.zone = key.first(key_zone_bytes);
  parts.path = key.subspan(path_at, (path_end < url_end ? path_end : url_end) - path_at);
  const auto site = key.subspan(host_at, path_at - 1 - host_at);
  // A colon inside brackets belongs to an IPv6 literal.
  std::size_t host_length = 0;
  bool is_bracketed = false;
  for (; host_length < site.size(); ++host_length) {
    if (site[host_length] == '[') is_bracketed = true;
    if (site[host_length] == ']') is_bracketed = false;
    if (site[host_length] == ':' && !is_bracketed) break;
  }
  parts.host = site.first(host_length);
  return parts;
}

}  // namespace parapet::store
