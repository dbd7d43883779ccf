// Renders the contract's tables as C++ constants. Each exported `as const` object becomes a namespace of constexpr int32,
// each table of names an array of string literals.
const snake = (name) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** C++ text of one table of numbers. */
export function numberTable(name, table) {
  const rows = Object.entries(table).map(
    ([key, value]) => `inline constexpr std::int32_t ${safe(snake(key))} = ${value};`,
  );
  return `namespace ${snake(name)} {\n${rows.join('\n')}\n}\n`;
}

/** C++ text of one table of names. */
export function nameTable(name, names) {
  const rows = names.map((text) => `    ${JSON.stringify(text)},`);
  return (
    `inline constexpr const char* ${snake(name)}[] = {\n${rows.join('\n')}\n};\n` +
    `inline constexpr std::int32_t ${snake(name)}_count = ${names.length};\n`
  );
}

const reserved = new Set(['delete', 'default', 'class', 'new', 'register', 'union', 'signed', 'unsigned']);
const safe = (name) => (reserved.has(name) ? `${name}_` : name);

const identifier = (text) => safe(text.replace(/[^a-z0-9_]/g, '_'));

/** An enumeration of a table of names, for use from C++ by name. */
export function enumTable(name, names) {
  const rows = names.map((text, index) =>
    text === '' ? null : `inline constexpr std::int32_t ${identifier(text)} = ${index};`,
  );
  return `namespace ${name} {\n${rows.filter((row) => row !== null).join('\n')}\n}\n`;
}

export function contractHeader(contract) {
  const parts = [
    '// Generated from src/engine/contract.ts by scripts/generate.mjs; do not edit.\n#pragma once\n#include <cstdint>\n',
    'namespace parapet {\n',
  ];
  for (const [name, value] of Object.entries(contract)) {
    if (typeof value === 'number') {
      parts.push(`inline constexpr std::int32_t ${snake(name)} = ${value};\n`);
    } else if (name === 'counters') {
      parts.push(
        enumTable(
          'counter',
          value.map((row) => row[0]),
        ),
      );
      parts.push(`inline constexpr std::int32_t counter_count = ${value.length};\n`);
    } else if (Array.isArray(value)) {
      parts.push(nameTable(name, value));
    } else if (typeof value === 'object') {
      parts.push(numberTable(name, value));
    }
  }
  parts.push(enumTable('reason', contract.reasons));
  parts.push(enumTable('known', contract.knownNames));
  parts.push('}  // namespace parapet\n');
  return parts.join('\n');
}
