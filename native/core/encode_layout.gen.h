// Generated from src/logs/encode/program-layout.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstdint>
#include <string_view>

namespace parapet::encode {


namespace encode_state {
inline constexpr std::int32_t position = 0;
inline constexpr std::int32_t offset = 1;
inline constexpr std::int32_t soft_limit = 2;
inline constexpr std::int32_t records_max = 3;
inline constexpr std::int32_t losses = 4;
inline constexpr std::int32_t records = 5;
inline constexpr std::int32_t lost = 6;
inline constexpr std::int32_t foreign = 7;
inline constexpr std::int32_t first_sequence = 8;
inline constexpr std::int32_t last_sequence = 9;
inline constexpr std::int32_t stop = 10;
inline constexpr std::int32_t damaged_bytes = 11;
inline constexpr std::int32_t end_position = 12;
inline constexpr std::int32_t sample_below = 13;
inline constexpr std::int32_t sampled = 14;
inline constexpr std::int32_t first_ms = 15;
inline constexpr std::int32_t last_ms = 16;
}

inline constexpr std::int32_t encode_state_words = 24;

namespace encode_stop {
inline constexpr std::int32_t end = 0;
inline constexpr std::int32_t full = 1;
}

inline constexpr std::int32_t name_table_entry_bytes = 8;
inline constexpr std::int32_t op_bytes = 16;

namespace op_code {
inline constexpr std::int32_t end = 0;
inline constexpr std::int32_t u8 = 1;
inline constexpr std::int32_t u16 = 2;
inline constexpr std::int32_t u32 = 3;
inline constexpr std::int32_t u64 = 4;
inline constexpr std::int32_t milliseconds = 5;
inline constexpr std::int32_t milliseconds_up = 6;
inline constexpr std::int32_t nanoseconds = 7;
inline constexpr std::int32_t time_unix_nano = 8;
inline constexpr std::int32_t time_unix = 9;
inline constexpr std::int32_t time_rfc3339 = 10;
inline constexpr std::int32_t time_rfc3339_ms = 11;
inline constexpr std::int32_t time_rfc3339_ns = 12;
inline constexpr std::int32_t ray = 13;
inline constexpr std::int32_t address = 14;
inline constexpr std::int32_t string = 15;
inline constexpr std::int32_t uri = 16;
inline constexpr std::int32_t name8 = 17;
inline constexpr std::int32_t name16 = 18;
inline constexpr std::int32_t flag = 19;
inline constexpr std::int32_t list = 20;
inline constexpr std::int32_t device = 21;
}


namespace op_word {
inline constexpr std::int32_t code = 0;
inline constexpr std::int32_t source = 2;
inline constexpr std::int32_t literal_offset = 4;
inline constexpr std::int32_t literal_length = 8;
inline constexpr std::int32_t extra = 12;
}

inline constexpr std::int32_t ops_max = 512;

namespace program_header {
inline constexpr std::int32_t version = 0;
inline constexpr std::int32_t op_count = 4;
inline constexpr std::int32_t dataset = 8;
inline constexpr std::int32_t bytes = 12;
}

inline constexpr std::int32_t program_header_bytes = 16;
inline constexpr std::int32_t program_slack_bytes = 32;
inline constexpr std::int32_t program_version = 1;

}  // namespace parapet::encode
