// config/schema.json: the schema of the config for editors, from the same source as its types and its validation.

/** Keys that a later version understands are not offered. */
const isOffered = (schema) => schema.notYet !== true;

/** A key that has a default may be left out. */
const isRequired = (schema) => schema.default === undefined;

function publish(schema) {
  const {
    expected: _expected,
    kind: _kind,
    notYet: _notYet,
    properties,
    patternProperties,
    required,
    items,
    oneOf,
    discriminator: _tag,
    elsewhere: _elsewhere,
    textPattern,
    ...rest
  } = schema;
  const result = { ...rest };
  if (properties !== undefined) {
    const offered = Object.entries(properties).filter(([, inner]) => isOffered(inner));
    const needed = (required ?? []).filter(
      (key) => isRequired(properties[key]) && isOffered(properties[key]),
    );
    if (needed.length > 0) result.required = needed;
    result.properties = Object.fromEntries(offered.map(([key, inner]) => [key, publish(inner)]));
  }
  if (patternProperties !== undefined)
    result.additionalProperties = publish(Object.values(patternProperties)[0]);
  if (items !== undefined) result.items = publish(items);
  if (oneOf !== undefined) result.oneOf = oneOf.map(publish);
  if (textPattern === undefined) return result;
  const { description, ...mapping } = result;
  return { description, anyOf: [mapping, { type: 'string', pattern: textPattern }] };
}

export function configSchemaJson(schema) {
  // A copy without the hidden marks of the library that builds it.
  const plain = JSON.parse(JSON.stringify(schema));
  const head = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'parapet.yaml',
  };
  return `${JSON.stringify({ ...head, ...publish(plain) }, null, 2)}\n`;
}
