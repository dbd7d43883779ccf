// Renders the fixed block of a log record as a C++ struct, its strings as members of `RecordStrings`.
const snake = (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const types = {
  u64: 'std::uint64_t',
  address: 'std::uint8_t',
  u32: 'std::uint32_t',
  u16: 'std::uint16_t',
  u8: 'std::uint8_t',
};

function constants(name, table) {
  const rows = Object.entries(table).map(
    ([key, value]) => `inline constexpr std::uint8_t ${snake(key)} = ${value};`,
  );
  return `namespace ${name} {\n${rows.join('\n')}\n}\n`;
}

export function recordLayoutHeader(record) {
  const { fixedRows, fixedPlaces, fixedBytes, stringRows } = record;
  const members = fixedRows.map(
    ([name, type, about]) =>
      `    /// ${about}\n    ${types[type]} ${snake(name)}${type === 'address' ? '[16] = {}' : ' = 0'};`,
  );
  const places = fixedRows.map(
    ([name]) => `static_assert(offsetof(RecordFixed, ${snake(name)}) == ${fixedPlaces[name].offset});`,
  );
  const strings = stringRows.map(([name, about]) => `    /// ${about}\n    std::string_view ${snake(name)};`);
  return `// Generated from src/logs/record/fixed.ts by scripts/generate.mjs; do not edit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parapet {

/// The part of a record that has a fixed place; copied into the frame as it is. Values that are not known stay 0.
struct RecordFixed {
${members.join('\n')}
};
static_assert(sizeof(RecordFixed) == ${fixedBytes} && alignof(RecordFixed) == 8);
${places.join('\n')}

/// The strings of a record, in the order of the frame's string table. Longer ones are cut.
struct RecordStrings {
${strings.join('\n')}
};
inline constexpr std::uint32_t record_string_count = ${stringRows.length};
/// Members in the order of the table.
inline constexpr std::string_view RecordStrings::*record_string_members[record_string_count] = {
${stringRows.map(([name]) => `    &RecordStrings::${snake(name)},`).join('\n')}
};

namespace record_string {
${stringRows.map(([name], index) => `inline constexpr std::uint32_t ${snake(name)} = ${index};`).join('\n')}
}

inline constexpr std::uint32_t record_target_bytes_max = ${record.targetBytesMax};
inline constexpr std::uint32_t record_string_bytes_max = ${record.stringBytesMax};
/// The first of the columns that the contract names as annotations.
inline constexpr std::uint32_t record_annotations_at = ${record.stringIndex.securityAction};

${constants('record_flag', record.recordFlag)}
${constants('record_scheme', record.scheme)}
${constants('record_source', record.requestSource)}
}  // namespace parapet
`;
}
