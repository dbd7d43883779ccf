// docs/log-fields.md: all fields of http_requests, from their rows.

const cell = (text) => text.replaceAll('|', '\\|');

function valueOf({ source, type }) {
  if (source.from !== 'nothing') return null;
  return type === 'timestamp' ? '0' : source.json;
}

export function logFieldsPage(fields) {
  const known = fields.filter((field) => valueOf(field) === null);
  const unknown = fields.filter((field) => valueOf(field) !== null);
  const rows = known.map(
    ({ name, type, about, isDefault }) =>
      `| \`${name}\` | ${type} | ${isDefault ? 'yes' : ''} | ${cell(about)} |`,
  );
  const rest = unknown.map((field) => `| \`${field.name}\` | ${field.type} | \`${cell(valueOf(field))}\` |`);
  return `${[
    '# Fields of http_requests',
    '',
    'Names and types are those of Logpush, where it has the field (generated: npm run gen). Those marked are there where a job',
    'names none in `output.field_names`.',
    '',
    '| field | type | by default | what it is |',
    '|---|---|---|---|',
    ...rows,
    '',
    '## Not known',
    '',
    'Fields of Logpush that Parapet does not know (yet). Naming them is allowed; each has one value, which a job can replace by',
    'its own in `output.constants`.',
    '',
    '| field | type | value |',
    '|---|---|---|',
    ...rest,
  ].join('\n')}\n`;
}
