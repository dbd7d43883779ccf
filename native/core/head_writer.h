// Writes heads anew from parsed parts (nothing is copied through): request heads for origins, response heads for clients, and the
// field lines that the store keeps. Applies the policy's edits and leaves out what belongs to one connection only.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "bytes.h"
#include "head_table.h"

namespace parapet {

/// The policy's field edits, unpacked (see editOp in the contract).
class Edits {
public:
    static constexpr std::size_t entries_max = 256;
    struct Entry {
        std::int32_t op;
        std::int32_t id;
        std::string_view name;
        std::string_view value;
    };

    /// Unpacks; false if the bytes are not whole edits or there are too many.
    bool read(std::span<const std::uint8_t> packed) noexcept;
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return {entries_, count_}; }
    /// Whether a field of the message itself is taken away, by a remove or by a set.
    [[nodiscard]] bool drops(std::int32_t id, std::string_view name) const noexcept;
    /// Value that the last set or append of a known name gives; null data if there is none.
    [[nodiscard]] std::string_view value_of(std::int32_t id) const noexcept;
    /// Whether any edit, a remove included, is about this known name.
    [[nodiscard]] bool mentions(std::int32_t id) const noexcept;
    /// Changes the value of the last set or append of a known name, where there is one.
    void set_value(std::int32_t id, std::string_view value) noexcept;
    /// Whether any set or append gives this known name.
    [[nodiscard]] bool gives(std::int32_t id) const noexcept { return value_of(id).data() != nullptr; }
    /// Writes the lines that sets and appends add; `skip` and `skip_too` leave out known names.
    void write_added(ByteSink& out, std::int32_t skip = 0, std::int32_t skip_too = 0) const noexcept;

private:
    Entry entries_[entries_max];
    std::size_t count_ = 0;
};

/// Bits of what to leave out, beside the hop-by-hop fields, which never cross (RFC 9110 7.6.1).
struct FieldFilter {
    bool drop_host = false;
    bool drop_conditional = false;  // If-*, Range
    bool drop_forwarding = false;   // X-Forwarded-*, Forwarded
    bool drop_date = false;
    bool drop_content_fields = false;  // for 304: content-length, content-encoding, ...
    bool drop_expect = false;
    bool drop_age = false;
    bool drop_upgrade_request = false;
    bool drop_server = false;
    bool drop_cache_tag = false;
};

/// Writes the end-to-end fields of a head, without Content-Length, after the edits.
void write_fields(ByteSink& out, const HeadTable& head, const Edits& edits, const FieldFilter& filter) noexcept;

/// Reason phrase of a status; "Status" for an unknown one.
std::string_view reason_phrase(std::int32_t status) noexcept;
void write_status_line(ByteSink& out, std::int32_t status) noexcept;
/// Writes `name: value\r\n` of the Date field for a time in seconds since 1970 (RFC 9110 5.6.7).
void write_date(ByteSink& out, std::uint32_t unix_seconds) noexcept;

}  // namespace parapet
