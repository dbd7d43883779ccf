// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of what lies on disk: by the processor's own instruction where it has one.
#pragma once
#include <cstdint>
#include <span>

namespace parapet {

/// The checksum of `bytes`; `before` is that of what comes before them, 0: nothing does.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before = 0) noexcept;

/// The same without that instruction.
[[nodiscard]] std::uint32_t crc32c_plain(std::span<const std::uint8_t> bytes, std::uint32_t before = 0) noexcept;

}  // namespace parapet
