// Reads a head table (see headWord in the contract): the parsed request or response head, wherever its bytes lie.
#pragma once
#include <cstdint>
#include <string_view>

#include "contract.gen.h"

namespace parapet {

class HeadTable {
public:
    HeadTable() = default;
    /// `raw` is the first byte of the head that the table's spans are relative to.
    HeadTable(const std::int32_t* table, const std::uint8_t* raw) noexcept : table_(table), raw_(raw) {}
    HeadTable(const std::uint8_t* arena, std::uint32_t offset) noexcept
        : table_(reinterpret_cast<const std::int32_t*>(arena + offset)), raw_(arena + table_[head_word::raw_offset]) {}

    explicit operator bool() const noexcept { return table_ != nullptr; }
    [[nodiscard]] std::int32_t word(std::int32_t index) const noexcept { return table_[index]; }
    [[nodiscard]] bool flag(std::int32_t bit) const noexcept { return (table_[head_word::flags] & bit) != 0; }
    [[nodiscard]] std::string_view text(std::int32_t offset_word, std::int32_t length_word) const noexcept {
        return view(table_[offset_word], table_[length_word]);
    }
    [[nodiscard]] std::string_view method() const noexcept { return text(head_word::method_offset, head_word::method_length); }
    [[nodiscard]] std::string_view target() const noexcept { return text(head_word::target_offset, head_word::target_length); }
    [[nodiscard]] std::string_view path() const noexcept { return text(head_word::path_offset, head_word::path_length); }
    [[nodiscard]] std::string_view query() const noexcept { return text(head_word::query_offset, head_word::query_length); }
    [[nodiscard]] std::string_view authority() const noexcept {
        return {reinterpret_cast<const char*>(table_) + table_[head_word::authority_offset],
                static_cast<std::size_t>(table_[head_word::authority_length])};
    }
    [[nodiscard]] std::string_view host() const noexcept {
        return authority().substr(0, static_cast<std::size_t>(table_[head_word::host_length]));
    }
    [[nodiscard]] std::uint64_t content_length() const noexcept {
        return static_cast<std::uint32_t>(table_[head_word::content_length_low]) |
            static_cast<std::uint64_t>(static_cast<std::uint32_t>(table_[head_word::content_length_high])) << 32;
    }
    [[nodiscard]] bool has(std::int32_t known_id) const noexcept {
        const std::int32_t word = known_id < 32 ? table_[head_word::known_low] : table_[head_word::known_high];
        return ((static_cast<std::uint32_t>(word) >> (known_id & 31)) & 1u) != 0;
    }

    [[nodiscard]] std::int32_t field_count() const noexcept { return table_[head_word::field_count]; }
    struct Field {
        std::int32_t id;
        std::string_view name;
        std::string_view value;
    };
    [[nodiscard]] Field field(std::int32_t index) const noexcept {
        const std::int32_t* entry = table_ + head_words + index * field_words;
        const std::int32_t packed = entry[field_word::id_and_name_length];
        return {packed & 0xff, view(entry[field_word::name_offset], packed >> 8),
                view(entry[field_word::value_offset], entry[field_word::value_length])};
    }
    /// Value of the first field with a known name; empty if there is none.
    [[nodiscard]] std::string_view first(std::int32_t known_id) const noexcept {
        if (known_id <= known_mask_ids && !has(known_id)) return {};
        const std::int32_t count = field_count();
        for (std::int32_t i = 0; i < count; ++i) {
            const std::int32_t* entry = table_ + head_words + i * field_words;
            if ((entry[field_word::id_and_name_length] & 0xff) == known_id) {
                return view(entry[field_word::value_offset], entry[field_word::value_length]);
            }
        }
        return {};
    }

private:
    [[nodiscard]] std::string_view view(std::int32_t offset, std::int32_t length) const noexcept {
        return {reinterpret_cast<const char*>(raw_) + offset, static_cast<std::size_t>(length)};
    }
    const std::int32_t* table_ = nullptr;
    const std::uint8_t* raw_ = nullptr;
};

}  // namespace parapet
