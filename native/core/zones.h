// Which zone takes a host: exact names first, then the longest wildcard suffix, then the catch-all. One hash look-up for an exact
// name and at most one per label for wildcards, whatever the number of zones.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace parapet {

class Zones {
public:
    static constexpr std::int32_t none = -1;

    void add_exact(std::string host, std::int32_t zone) { exact_.emplace(std::move(host), zone); }
    void add_wildcard(std::string suffix, std::int32_t zone) { wildcard_.emplace(std::move(suffix), zone); }
    void set_catch_all(std::int32_t zone) noexcept { catch_all_ = zone; }

    /// `host` in lower case without port. An empty host goes to the catch-all.
    [[nodiscard]] std::int32_t find(std::string_view host) const noexcept {
        // The DNS root's dot is the same host.
        if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
        if (const auto it = exact_.find(host); it != exact_.end()) return it->second;
        if (!wildcard_.empty()) {
            for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
                if (dot == 0) continue;
                if (const auto it = wildcard_.find(host.substr(dot + 1)); it != wildcard_.end()) return it->second;
            }
        }
        return catch_all_;
    }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
    };
    using Map = std::unordered_map<std::string, std::int32_t, Hash, Equal>;
    Map exact_;
    Map wildcard_;
    std::int32_t catch_all_ = none;
};

}  // namespace parapet
