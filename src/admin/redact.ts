/** A copy of a config without what must not be shown: values of secret keys, passwords and query values in URLs. */

const secretKey =
  /token$|secret|password|passphrase|credential|authorization|api_?key|access_?key|^key$|headers$/i;
const redacted = '[redacted]';

export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretKey.test(key) && inner !== undefined ? redacted : redact(inner),
    ]),
  );
}

function redactText(text: string): string {
  const plain = text.replace(/(\w+:\/\/)[^/@\s]*@/g, `$1${redacted}@`);
  // The query of what is a URL as a whole may hold a key.
  return /^\w+:\/\/\S+$/.test(plain) ? plain.replaceAll(/([?&][^=&]*=)[^&]*/g, `$1${redacted}`) : plain;
}
