/** The types of the language, taken apart. */
import type { FieldType } from '../protocol.ts';

export type ScalarType = 'Bool' | 'Bytes' | 'Int' | 'Ip';

export const isArray = (type: FieldType): boolean => type.startsWith('Array<');
export const isMap = (type: FieldType): boolean => type.startsWith('Map<');

/** Type of what is in an array or a map. */
export function inner(type: FieldType): FieldType {
  return type.slice(type.indexOf('<') + 1, -1) as FieldType;
}

export const arrayOf = (type: FieldType): FieldType => `Array<${type}>` as FieldType;

/** Names of types as people know them from the documentation of the language. */
export function nameOf(type: FieldType): string {
  return type.replaceAll('Bytes', 'String');
}
