// How a response head lies in the store, and how an entry is told to the policy.
#pragma once
#include <cstdint>
#include <string_view>

#include "bytes.h"
#include "store/store.h"

namespace parapet {

/// Stored heads begin with the places of the fields that a log record names; then come the field lines.
struct StoredPrefix {
    std::uint16_t type_offset = 0;
    std::uint16_t type_length = 0;
    std::uint16_t expires_offset = 0;
    std::uint16_t expires_length = 0;
    std::uint16_t modified_offset = 0;
    std::uint16_t modified_length = 0;
    std::uint16_t server_offset = 0;
    /// `several` where there is more than one.
    std::uint16_t server_length = 0;
    static constexpr std::uint16_t several = 0xffff;
    /// Bytes of the lines that are meant for this cache alone. They stand last and are never sent: they count again when a 304
    /// leaves them out (RFC 9111 3.2).
    std::uint32_t own_bytes = 0;
};
static_assert(sizeof(StoredPrefix) == 20);

/// The line of the one Server field, for stored lines that have it.
inline constexpr std::size_t server_name_bytes = sizeof "server: " - 1;

StoredPrefix prefix_of(store::Bytes head) noexcept;
/// `name: value\r\n` each, names in lower case; without an end of the head.
std::string_view lines_of(store::Bytes head) noexcept;
/// The same without those that are meant for this cache alone.
std::string_view sent_lines_of(store::Bytes head) noexcept;
/// Puts the lines of a stored head into their order, and fills in the prefix before them.
void write_prefix(ByteSink& out) noexcept;

/// A lookup's answer for the policy, in the order of the contract's event words from `store_state` on.
struct StoreAnswer {
    std::int32_t state = 0;
    store::ObjectRef ref;
    store::ObjectMeta meta;
    std::uint64_t body_length = 0;
    bool filling = false;
};

/// Writes the words from `store_state` to `object_body_high` at `at`.
void write_answer(std::int32_t* at, const StoreAnswer& answer) noexcept;

}  // namespace parapet
