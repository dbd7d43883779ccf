// Pieces of a gathered write.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace parapet {

inline iovec piece_of(std::span<const std::uint8_t> bytes) noexcept { return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()}; }
inline iovec piece_of(std::string_view text) noexcept { return {const_cast<char*>(text.data()), text.size()}; }

inline std::span<const std::uint8_t> bytes_at(const iovec& piece) noexcept {
    return {static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len};
}

inline std::size_t total_of(std::span<const iovec> pieces) noexcept {
    std::size_t total = 0;
    for (const iovec& piece : pieces) total += piece.iov_len;
    return total;
}

}  // namespace parapet
