// Renders the layouts of the log path as C++ constants: the ring file, and the encoder's programs.
import { numberTable } from './contract-header.mjs';

const snake = (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

function header(source, namespace, layout, first) {
  const parts = [
    `// Generated from ${source} by scripts/generate.mjs; do not edit.\n#pragma once\n#include <cstdint>\n#include <string_view>\n`,
    `namespace parapet::${namespace} {\n`,
    ...first,
  ];
  for (const [name, value] of Object.entries(layout)) {
    if (typeof value === 'number') parts.push(`inline constexpr std::int32_t ${snake(name)} = ${value};`);
    else if (typeof value === 'object' && !Array.isArray(value)) parts.push(`\n${numberTable(name, value)}`);
  }
  parts.push(`\n}  // namespace parapet::${namespace}\n`);
  return parts.join('\n');
}

export function ringLayoutHeader(layout, schemaHash) {
  return header('src/logs/ring/layout.ts', 'ring', layout, [
    `inline constexpr std::uint64_t schema_hash = 0x${schemaHash.toString(16).padStart(16, '0')}u;`,
    `inline constexpr std::string_view ring_file_suffix = ${JSON.stringify(layout.ringFileSuffix)};`,
    `inline constexpr std::string_view ring_temporary_suffix = ${JSON.stringify(layout.ringTemporarySuffix)};`,
    `inline constexpr std::uint64_t magic = 0x${Buffer.from(layout.ringMagicText).readBigUInt64LE().toString(16)}u;`,
  ]);
}

export function encodeLayoutHeader(layout) {
  return header('src/logs/encode/program-layout.ts', 'encode', layout, []);
}
