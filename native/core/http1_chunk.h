// Decodes the chunked transfer coding (RFC 9112 7.1) where it lies: data comes out as spans of the input.
#pragma once
#include "http1_fields.h"

namespace parapet::http1 {

struct ChunkLimits {
    /// Bytes of chunk extensions on one chunk's line.
    std::uint32_t extension_bytes_max = 4096;
    /// Bytes of the trailer section as received, and its lines.
    std::uint32_t trailer_bytes_max = 8192;
    std::uint32_t trailer_fields_max = 64;
};

/// Extensions of all chunks together may not exceed this and the body read so far: chunks of one byte with a long
/// extension each are nothing but work.
inline constexpr std::uint64_t extension_bytes_allowance = 65536;

/// Room that kept trailers need at most: a line grows by the space behind its colon.
constexpr std::size_t kept_trailer_bytes(const ChunkLimits& limits) noexcept {
    return std::size_t{limits.trailer_bytes_max} + limits.trailer_fields_max;
}

enum class ChunkEvent : std::int32_t {
    /// All input is consumed, and the body goes on.
    need_more,
    /// `data` is the next piece of the body; call again with what was not consumed.
    data,
    /// The body and its trailers are complete; what was not consumed belongs to the next message.
    end,
    /// Malformed: `status` and `reason` tell. The decoder must not be fed again.
    error,
};

struct ChunkStep {
    ChunkEvent event = ChunkEvent::need_more;
    std::uint16_t status = 0;
    std::int32_t reason = reason::none;
    /// Bytes of the input that are done with, `data` included.
    std::uint32_t consumed = 0;
    std::span<const std::uint8_t> data{};
};

/// Decodes one body.
class ChunkDecoder {
 public:
    ChunkDecoder() noexcept = default;
    /// `kept` receives the trailer fields that may be forwarded, as lines `name: value` CRLF with names in lower case,
    /// no final empty line; `kept_trailer_bytes` tells how much is enough. It must stay in place as long as the decoder
    /// lives. Fields that speak of framing, routing, authentication, caching or content are dropped (RFC 9110 6.5.1).
    /// With an empty span all are checked and dropped; lines that outgrow another are an error.
    explicit ChunkDecoder(std::span<std::uint8_t> kept, const ChunkLimits& limits = {}) noexcept
        : kept_(kept), limits_(limits) {}

    /// Decodes up to the next piece of data, the end of the input, or the end of the body, whichever is first. At most
    /// 2^31 bytes.
    [[nodiscard]] ChunkStep feed(std::span<const std::uint8_t> in) noexcept;

    /// The kept trailer lines, complete after `end`.
    [[nodiscard]] std::span<const std::uint8_t> trailers() const noexcept { return kept_.first(kept_used_); }
    /// Body bytes handed out so far.
    [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }
    /// Bytes of the current chunk's data that are still to come: what a read may expect at least.
    [[nodiscard]] std::uint64_t chunk_remaining() const noexcept { return remaining_; }

 private:
    enum class State : std::uint8_t {
        size_first,
        size,
        extension_gap,
        extension_start,
        extension_name,
        extension_equals,
        extension_value_start,
        extension_token,
        extension_quoted,
        extension_escape,
        extension_after,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailer_start,
        trailer_name,
        trailer_value_start,
        trailer_value,
        trailer_line_feed,
        final_line_feed,
        done,
        failed,
    };
    /// A fault, or `reason::none`.
    using Reason = std::int32_t;

    Reason step(std::uint8_t byte) noexcept;
    Reason step_size(std::uint8_t byte) noexcept;
    Reason step_extension(std::uint8_t byte) noexcept;
    Reason step_trailer(std::uint8_t byte) noexcept;
    Reason begin_trailer(std::uint8_t byte) noexcept;
    Reason end_trailer_name() noexcept;
    Reason end_trailer_value(std::uint8_t byte) noexcept;
    Reason count_extension() noexcept;
    Reason keep(std::uint8_t byte) noexcept;
    ChunkStep fail(Reason reason, std::uint32_t consumed) noexcept;

    std::span<std::uint8_t> kept_{};
    ChunkLimits limits_{};
    std::uint64_t remaining_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t extension_bytes_ = 0;
    std::uint32_t line_extension_bytes_ = 0;
    std::uint32_t trailer_bytes_ = 0;
    std::uint32_t trailer_fields_ = 0;
    std::uint32_t kept_used_ = 0;
    /// End of the line that is being written behind the kept ones, and where its value starts.
    std::uint32_t line_end_ = 0;
    std::uint32_t value_start_ = 0;
    State state_ = State::size_first;
    std::uint8_t size_digits_ = 0;
    bool drops_line_ = false;
};

}  // namespace parapet::http1
