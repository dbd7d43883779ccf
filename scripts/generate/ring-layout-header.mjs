// Renders the ring layout as C++ constants.
import { numberTable } from './contract-header.mjs';

const snake = (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

export function ringLayoutHeader(layout, schemaHash) {
  const parts = [
    '// Generated from src/logs/ring/layout.ts by scripts/generate.mjs; do not edit.\n#pragma once\n#include <cstdint>\n',
    'namespace parapet::ring {\n',
    `inline constexpr std::uint64_t schema_hash = 0x${schemaHash.toString(16).padStart(16, '0')}u;`,
    `inline constexpr std::uint64_t magic = 0x${Buffer.from(layout.ringMagicText).readBigUInt64LE().toString(16)}u;`,
  ];
  for (const [name, value] of Object.entries(layout)) {
    if (typeof value === 'number') parts.push(`inline constexpr std::int32_t ${snake(name)} = ${value};`);
    else if (typeof value === 'object' && !Array.isArray(value)) parts.push(`\n${numberTable(name, value)}`);
  }
  parts.push('\n}  // namespace parapet::ring\n');
  return parts.join('\n');
}
