#include "crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace parapet {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78u;
using Table = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Table make_table() {
    Table table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        table[0][byte] = crc;
    }
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        for (std::size_t slice = 1; slice < 8; ++slice) {
            const std::uint32_t crc = table[slice - 1][byte];
            table[slice][byte] = (crc >> 8) ^ table[0][crc & 0xff];
        }
    }
    return table;
}

constexpr Table table = make_table();

std::uint64_t load64(const std::uint8_t* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

#if defined(__x86_64__)
#define PARAPET_CRC32C_TARGET __attribute__((target("sse4.2")))
bool has_instruction() noexcept { return __builtin_cpu_supports("sse4.2") != 0; }
PARAPET_CRC32C_TARGET std::uint32_t step8(std::uint32_t crc, const std::uint8_t* at) noexcept {
    return static_cast<std::uint32_t>(_mm_crc32_u64(crc, load64(at)));
}
PARAPET_CRC32C_TARGET std::uint32_t step1(std::uint32_t crc, std::uint8_t byte) noexcept { return _mm_crc32_u8(crc, byte); }
#elif defined(__ARM_FEATURE_CRC32)
#define PARAPET_CRC32C_TARGET
bool has_instruction() noexcept { return true; }
std::uint32_t step8(std::uint32_t crc, const std::uint8_t* at) noexcept { return __crc32cd(crc, load64(at)); }
std::uint32_t step1(std::uint32_t crc, std::uint8_t byte) noexcept { return __crc32cb(crc, byte); }
#endif

#if defined(PARAPET_CRC32C_TARGET)
PARAPET_CRC32C_TARGET std::uint32_t crc32c_quick(std::span<const std::uint8_t> bytes, std::uint32_t before) noexcept {
    std::uint32_t crc = ~before;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) crc = step8(crc, at);
    for (; left > 0; --left, ++at) crc = step1(crc, *at);
    return ~crc;
}
#endif

}  // namespace

std::uint32_t crc32c_plain(std::span<const std::uint8_t> bytes, std::uint32_t before) noexcept {
    std::uint32_t crc = ~before;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        const std::uint64_t word = load64(at) ^ crc;
        crc = 0;
        for (std::size_t index = 0; index < 8; ++index) crc ^= table[7 - index][(word >> (8 * index)) & 0xff];
    }
    for (; left > 0; --left, ++at) crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xff];
    return ~crc;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before) noexcept {
#if defined(PARAPET_CRC32C_TARGET)
    static const bool is_quick = has_instruction();
    if (is_quick) return crc32c_quick(bytes, before);
#endif
    return crc32c_plain(bytes, before);
}

}  // namespace parapet
