// Cache-Tag: names under which responses are purged together. A list of printable ASCII without spaces, case-insensitive.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace parapet {

/// Bytes of all Cache-Tag values of a response that are read; one with more counts as carrying every tag.
inline constexpr std::size_t cache_tag_bytes_max = 16 * 1024;

/// Calls `use` with each tag of a field value. What is no tag (white space or bytes outside of ASCII inside) is left out.
template <typename Use>
void for_each_tag(std::string_view value, Use use) {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        std::string_view tag = value.substr(0, comma);
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
        while (!tag.empty() && is_blank(tag.front())) tag.remove_prefix(1);
        while (!tag.empty() && is_blank(tag.back())) tag.remove_suffix(1);
        bool is_tag = !tag.empty();
        for (const char c : tag) is_tag = is_tag && c > ' ' && c <= '~';
        if (is_tag) use(std::span(reinterpret_cast<const std::uint8_t*>(tag.data()), tag.size()));
    }
}

}  // namespace parapet
