/** A copy of a config without what must not be shown: values of secret keys, and passwords in URLs. */

const secretKey =
  /token$|secret|password|passphrase|credential|authorization|api_?key|access_?key|^key$|headers$/i;
const redacted = '[redacted]';

export function redact(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/(\w+:\/\/)[^/@\s]*@/g, `$1${redacted}@`);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretKey.test(key) && inner !== undefined ? redacted : redact(inner),
    ]),
  );
}
