// What the engine hands over when an exchange begins and when it ends, and how it becomes the bytes of a ring frame.
#pragma once
#include <cstdint>
#include <string_view>

#include "record_layout.gen.h"

namespace parapet {

/// No slot of the live table belongs to the exchange (it was refused before its head was read).
inline constexpr std::uint32_t no_log_slot = 0xffffffffu;

/// What is known of an exchange once its head has been parsed. Strings are cut to the bounds of the slot.
struct SlotInput {
    std::uint64_t ray = 0;
    std::uint64_t start_ns = 0;
    /// 16 bytes, network order; nullptr: unknown.
    const std::uint8_t* client_address = nullptr;
    std::uint16_t client_port = 0;
    /// `record_scheme`.
    std::uint8_t scheme = record_scheme::http;
    /// 10, 11, 20.
    std::uint8_t http_version = 11;
    std::string_view method;
    std::string_view host;
    std::string_view zone;
    /// The target as it was received, or its path: a query is told apart by its "?".
    std::string_view path;
};

/// A record of dataset http_requests. `fixed.worker_index` and the `lost_*` members are the writer's.
struct RecordInput {
    RecordFixed fixed;
    RecordStrings strings;
    /// The exchange's slot in the live table: freed when the frame is prepared, live again after a rollback.
    std::uint32_t slot = no_log_slot;
};

/// Bytes that the frame of `input` takes, header included, a multiple of 8; at most `ring::frame_bytes_max`.
[[nodiscard]] std::uint32_t record_frame_bytes(const RecordStrings& strings) noexcept;

/// Writes dataset, flags, fixed block, string table and bytes at `frame` (8-byte aligned, `record_frame_bytes` long);
/// length, state and sequence are the ring's to write. Returns the bytes of the frame.
std::uint32_t record_write(std::uint8_t* frame, const RecordFixed& fixed, const RecordStrings& strings) noexcept;

/// True where every string of a frame lies within its `length` bytes.
bool record_is_whole(const std::uint8_t* frame, std::uint32_t length) noexcept;

struct RecordLoss {
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::uint64_t records = 0;
    std::uint64_t since_ns = 0;
    std::uint64_t until_ns = 0;
    std::uint16_t worker_index = 0;
    /// Index into `reasons` of the contract.
    std::uint16_t reason = 0;
};

/// Writes the record that tells of a loss at `frame`, its sequence number included. Returns the bytes of the frame, which
/// are those of a record without strings.
std::uint32_t record_write_loss(std::uint8_t* frame, const RecordLoss& loss) noexcept;

}  // namespace parapet
