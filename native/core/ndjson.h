// Runs the programs of src/logs/encode/program-layout.ts: frames become lines of JSON.
#pragma once
#include <cstdint>
#include <span>

#include "encode_layout.gen.h"
#include "ndjson_text.h"
#include "record_layout.gen.h"
#include "ring_reader.h"

namespace parapet {

static_assert(encode::program_slack_bytes == text::text_slack);

class LineProgram {
public:
    /// Checks a program; it must stay where it is while this is used. False: it is not one.
    bool open(std::span<const std::uint8_t> bytes) noexcept;
    [[nodiscard]] std::uint32_t dataset() const noexcept { return dataset_; }
    /// The most bytes that a line of a frame of `length` bytes can take, slack included.
    [[nodiscard]] std::uint64_t line_bytes_max(std::uint32_t length) const noexcept {
        return fixed_bytes_max_ + std::uint64_t{length} * string_factor_;
    }
    /// Writes the line of a frame that `record_is_whole` at `out`, which has `line_bytes_max`; returns its end.
    std::uint8_t* run(const std::uint8_t* frame, std::uint8_t* out) noexcept;

private:
    struct Op {
        std::uint16_t code;
        std::uint16_t source;
        std::uint32_t literal_offset;
        std::uint32_t literal_length;
        std::uint32_t extra;
    };
    static_assert(sizeof(Op) == encode::op_bytes);

    bool check(const Op& op, std::uint32_t (&uses)[record_string_count]) noexcept;
    bool check_names(std::uint32_t at) noexcept;
    [[nodiscard]] Op op_at(std::uint32_t index) const noexcept;
    std::uint8_t* put_name(std::uint8_t* out, std::uint32_t table, std::uint32_t index) const noexcept;

    const std::uint8_t* bytes_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t op_count_ = 0;
    std::uint32_t dataset_ = 0;
    std::uint64_t fixed_bytes_max_ = 0;
    std::uint32_t string_factor_ = 0;
    text::TimeText times_;
};

enum class Encoded : std::uint8_t {
    ok,
    /// The output cannot hold even one line.
    output_too_small,
};

}  // namespace parapet
