// Renders a perfect hash of the known field names: one multiply over a name's length and four of its bytes, with a
// multiplier found by search so that no two names share a slot. The lookup still compares the whole name.

/** The four sampled bytes and the length, packed the way the generated C++ packs them. */
function sample(name) {
  const at = (index) => name.charCodeAt(index);
  const length = name.length;
  return (
    ((at(0) | (at(length >> 1) << 8) | (at(length - 1) << 16) | (at((length * 3) >> 2) << 24)) ^
      (length * 0x01000193)) >>>
    0
  );
}

/** Finds a multiplier and the table size (a power of two) for names; throws if there is none in the bounded search. */
export function perfectHash(names) {
  for (let bits = 8; bits <= 12; bits += 1) {
    for (let seed = 1; seed < 200_000; seed += 1) {
      const multiplier = (Math.imul(seed, 0x9e3779b1) | 1) >>> 0;
      const seen = new Set(names.map((name) => Math.imul(sample(name), multiplier) >>> (32 - bits)));
      if (seen.size === names.length) return { bits, multiplier };
    }
  }
  throw new Error('no perfect hash for the known names: two of them look alike in every sampled byte');
}

export function knownNamesHeader(knownNames) {
  const names = knownNames.slice(1);
  const { bits, multiplier } = perfectHash(names);
  const slots = new Array(1 << bits).fill(0);
  for (const [index, name] of names.entries())
    slots[Math.imul(sample(name), multiplier) >>> (32 - bits)] = index + 1;
  const longest = Math.max(...names.map((name) => name.length));
  const padded = Math.ceil((longest + 1) / 16) * 16;
  return `// Generated from the known names of src/engine/contract.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstdint>
#include <cstring>
#include "contract.gen.h"

namespace parapet {

inline constexpr std::uint8_t known_name_slots[${1 << bits}] = {
    ${slots
      .join(', ')
      .replace(/(.{1,104})(?: |$)/g, '$1\n    ')
      .trimEnd()}
};
inline constexpr std::uint8_t known_name_lengths[] = {
    ${knownNames
      .map((name) => name.length)
      .join(', ')
      .replace(/(.{1,104})(?: |$)/g, '$1\n    ')
      .trimEnd()}
};
inline constexpr std::uint32_t known_name_longest = ${longest};
/// The names again, padded with zeros, so that they can be compared in whole registers.
inline constexpr char known_name_text[][${padded}] = {
    ${knownNames
      .map((name) => `"${name}"`)
      .join(', ')
      .replace(/(.{1,104})(?: |$)/g, '$1\n    ')
      .trimEnd()}
};

/// The one known name that a lower-case name with these bytes (at 0, length / 2, length - 1, length * 3 / 4) can be; 0: none.
/// Its length is right, its other bytes are for the caller to compare. The length is not 0.
inline std::uint32_t known_name_candidate(std::uint8_t first, std::uint8_t middle, std::uint8_t last, std::uint8_t third_quarter,
                                          std::uint32_t length) noexcept {
    const std::uint32_t packed = static_cast<std::uint32_t>(first) | static_cast<std::uint32_t>(middle) << 8 |
        static_cast<std::uint32_t>(last) << 16 | static_cast<std::uint32_t>(third_quarter) << 24;
    const std::uint32_t id = known_name_slots[((packed ^ (length * 0x01000193u)) * ${multiplier}u) >> ${32 - bits}];
    return known_name_lengths[id] == length ? id : 0;
}

/// Id of a lower-case field name, 0 if it is not a known one.
inline std::uint32_t known_name_id(const std::uint8_t* name, std::uint32_t length) noexcept {
    if (length == 0 || length > known_name_longest) return 0;
    const std::uint32_t id = known_name_candidate(name[0], name[length >> 1], name[length - 1], name[length * 3 >> 2], length);
    return id != 0 && std::memcmp(name, known_name_text[id], length) == 0 ? id : 0;
}

}  // namespace parapet
`;
}
