// Generated from src/logs/ring/layout.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstdint>
#include <string_view>

namespace parapet::ring {

inline constexpr std::uint64_t schema_hash = 0x029e90b9805c6bc0u;
inline constexpr std::string_view ring_file_suffix = ".ring";
inline constexpr std::string_view ring_temporary_suffix = ".tmp";
inline constexpr std::uint64_t magic = 0x474e495254505250u;

namespace dataset {
inline constexpr std::int32_t none = 0;
inline constexpr std::int32_t http_requests = 1;
}

inline constexpr std::int32_t datasets_max = 8;

namespace drop_reason {
inline constexpr std::int32_t ring_full = 0;
}

inline constexpr std::int32_t drop_reasons_max = 8;
inline constexpr std::int32_t frame_alignment = 8;
inline constexpr std::int32_t frame_bytes_max = 65536;

namespace frame_flag {
inline constexpr std::int32_t loss = 1;
}

inline constexpr std::int32_t frame_header_bytes = 24;

namespace frame_state {
inline constexpr std::int32_t free = 0;
inline constexpr std::int32_t prepared = 1347563825;
inline constexpr std::int32_t committed = 1129270578;
inline constexpr std::int32_t padding = 1346454579;
}


namespace frame_word {
inline constexpr std::int32_t length = 0;
inline constexpr std::int32_t state = 4;
inline constexpr std::int32_t sequence = 8;
inline constexpr std::int32_t dataset = 16;
inline constexpr std::int32_t flags = 18;
inline constexpr std::int32_t reserved = 20;
}


namespace loss_word {
inline constexpr std::int32_t first_sequence = 0;
inline constexpr std::int32_t last_sequence = 1;
inline constexpr std::int32_t records = 2;
inline constexpr std::int32_t since_ms = 3;
inline constexpr std::int32_t until_ms = 4;
inline constexpr std::int32_t worker_index = 5;
inline constexpr std::int32_t reason = 6;
}

inline constexpr std::int32_t loss_words = 8;
inline constexpr std::int32_t ring_bytes_max = 1073741824;
inline constexpr std::int32_t ring_bytes_min = 262144;

namespace ring_header {
inline constexpr std::int32_t magic = 0;
inline constexpr std::int32_t version = 8;
inline constexpr std::int32_t header_bytes = 12;
inline constexpr std::int32_t schema_hash = 16;
inline constexpr std::int32_t file_bytes = 24;
inline constexpr std::int32_t slots_offset = 32;
inline constexpr std::int32_t slot_bytes = 36;
inline constexpr std::int32_t slot_count = 40;
inline constexpr std::int32_t frames_offset = 44;
inline constexpr std::int32_t frames_bytes = 48;
inline constexpr std::int32_t ring_id = 56;
inline constexpr std::int32_t boot_id = 64;
inline constexpr std::int32_t created_at = 72;
inline constexpr std::int32_t worker_index = 80;
inline constexpr std::int32_t process_id = 84;
inline constexpr std::int32_t tail = 128;
inline constexpr std::int32_t next_sequence = 136;
inline constexpr std::int32_t writer_ended = 144;
inline constexpr std::int32_t head = 256;
inline constexpr std::int32_t wake_armed = 384;
inline constexpr std::int32_t loss_count = 512;
inline constexpr std::int32_t loss_first = 520;
inline constexpr std::int32_t loss_last = 528;
inline constexpr std::int32_t loss_since = 536;
inline constexpr std::int32_t loss_until = 544;
inline constexpr std::int32_t drops = 1024;
}

inline constexpr std::int32_t ring_header_bytes = 4096;

namespace ring_state_word {
inline constexpr std::int32_t head = 0;
inline constexpr std::int32_t tail = 1;
inline constexpr std::int32_t next_sequence = 2;
inline constexpr std::int32_t dropped = 3;
inline constexpr std::int32_t writer_ended = 4;
inline constexpr std::int32_t loss_count = 5;
}

inline constexpr std::int32_t ring_state_words = 8;
inline constexpr std::int32_t ring_version = 1;
inline constexpr std::int32_t slot_bytes = 384;

namespace slot_string_max {
inline constexpr std::int32_t method = 16;
inline constexpr std::int32_t host = 64;
inline constexpr std::int32_t zone = 64;
inline constexpr std::int32_t path = 192;
}


namespace slot_word {
inline constexpr std::int32_t live = 0;
inline constexpr std::int32_t client_port = 4;
inline constexpr std::int32_t scheme = 6;
inline constexpr std::int32_t http_version = 7;
inline constexpr std::int32_t ray = 8;
inline constexpr std::int32_t start_ns = 16;
inline constexpr std::int32_t client_address = 24;
inline constexpr std::int32_t method_length = 40;
inline constexpr std::int32_t host_length = 42;
inline constexpr std::int32_t zone_length = 44;
inline constexpr std::int32_t path_length = 46;
inline constexpr std::int32_t strings = 48;
}


namespace take_state {
inline constexpr std::int32_t position = 0;
inline constexpr std::int32_t offset = 1;
inline constexpr std::int32_t records = 2;
inline constexpr std::int32_t losses = 3;
inline constexpr std::int32_t lost = 4;
inline constexpr std::int32_t first_sequence = 5;
inline constexpr std::int32_t last_sequence = 6;
inline constexpr std::int32_t first_ms = 7;
inline constexpr std::int32_t last_ms = 8;
inline constexpr std::int32_t damaged_bytes = 9;
inline constexpr std::int32_t is_end = 10;
}

inline constexpr std::int32_t take_state_words = 16;

}  // namespace parapet::ring
