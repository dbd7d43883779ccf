// SipHash-1-3 (Aumasson, Bernstein 2012; the reduced-round form): the keyed hash of cache keys, so that nobody outside can
// choose keys that collide. Returns 64 bits.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>

namespace parapet {

struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// Incremental only in whole 8-byte words inside one call; a key is hashed in one piece.
inline std::uint64_t siphash13(const HashKey& key, std::span<const std::uint8_t> in) noexcept {
    const auto rotl = [](std::uint64_t x, int b) { return (x << b) | (x >> (64 - b)); };
    std::uint64_t v0 = 0x736f6d6570736575ull ^ key.k0;
    std::uint64_t v1 = 0x646f72616e646f6dull ^ key.k1;
    std::uint64_t v2 = 0x6c7967656e657261ull ^ key.k0;
    std::uint64_t v3 = 0x7465646279746573ull ^ key.k1;
    const auto round = [&]() {
        v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);
        v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;
        v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;
        v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);
    };
    const std::uint8_t* p = in.data();
    std::size_t left = in.size();
    while (left >= 8) {
        std::uint64_t m;
        std::memcpy(&m, p, 8);
        v3 ^= m;
        round();
        v0 ^= m;
        p += 8;
        left -= 8;
    }
    std::uint64_t last = static_cast<std::uint64_t>(in.size()) << 56;
    for (std::size_t i = 0; i < left; ++i) last |= static_cast<std::uint64_t>(p[i]) << (8 * i);
    v3 ^= last;
    round();
    v0 ^= last;
    v2 ^= 0xff;
    round();
    round();
    round();
    return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace parapet
