// The operator's own pages for what Parapet answers by itself (`error_pages`), and what becomes of the field Server.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace parapet {

/// What a page puts in at a place. The values are digits, letters, spaces and hyphens: they need no escaping in any type.
enum class Placeholder : std::uint8_t { status, reason, ray_id };

struct Page {
    struct Part {
        std::string text;
        /// Behind the text; the last part has none.
        Placeholder then = Placeholder::status;
        bool has_placeholder = false;
    };
    std::string content_type;
    std::vector<Part> parts;

    void render(std::string& out, std::int32_t status, std::uint64_t ray) const;
};

class Pages {
public:
    static constexpr std::int32_t every_zone = -1;

    void add(Page page) { pages_.push_back(std::move(page)); }
    /// `status`: one status, 4 or 5 for a class, 0 for whatever is left.
    void choose(std::int32_t zone, std::int32_t status, std::uint32_t page);
    /// The zone's pages before those of all zones; of each the status itself, its class, the rest. Null: there is none.
    [[nodiscard]] const Page* find(std::int32_t zone, std::int32_t status) const noexcept;

private:
    std::vector<Page> pages_;
    std::unordered_map<std::int64_t, std::uint32_t> choices_;
};

/// What becomes of Server (RFC 9110 10.2.4) in responses: `pass` leaves the origin's, `replace` puts our name in every one.
enum class ServerField : std::int32_t { pass = 0, remove = 1, replace = 2 };

inline constexpr std::string_view server_line = "server: parapet\r\n";

}  // namespace parapet
