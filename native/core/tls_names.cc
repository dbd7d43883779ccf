#include "tls_names.h"

namespace parapet {

std::ptrdiff_t find_protocol(std::span<const std::uint8_t> list, std::string_view protocol) noexcept {
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t length = list[at];
        if (length == 0 || length > list.size() - at - 1) return -1;
        const std::string_view name(reinterpret_cast<const char*>(list.data()) + at + 1, length);
        if (name == protocol) return static_cast<std::ptrdiff_t>(at + 1);
        at += length + 1;
    }
    return -1;
}

std::string server_name_key(std::string_view name) {
    std::string key(name);
    for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (key.ends_with('.')) key.pop_back();
    return key;
}

std::string wildcard_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string() : "*" + std::string(name.substr(dot));
}

}  // namespace parapet
