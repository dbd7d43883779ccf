// What fuzz targets share: a broken promise ends the program, as the fuzzer wants it, and inputs are cut in some ways.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "test/http1_harness.h"

namespace parapet::fuzz {

inline void require(bool holds, const char* otherwise) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", otherwise);
    std::abort();
}

inline void require_none(const char* broken) { require(broken == nullptr, broken); }

/// Byte by byte where the input is short enough for that, and a few random cuts, the same ones for the same input.
template <typename Judge>
void for_some_splits(std::string_view input, const Judge& judge) {
    constexpr std::size_t each_byte_max = 300;
    constexpr int random_splits = 3;
    std::uint64_t seed = 0xcbf29ce484222325ull;
    for (const char c : input) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ull;
    if (seed == 0) seed = 1;
    if (input.size() <= each_byte_max) judge(http1::harness::each_byte(input));
    for (int i = 0; i < random_splits; ++i) judge(http1::harness::some_cuts(input, seed));
}

}  // namespace parapet::fuzz
