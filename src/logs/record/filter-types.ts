/** What filters may ask of a record: types of the rules language by field name. Times and objects cannot be asked for. */
import type { DatasetFields } from './dataset.ts';
import type { Field } from './field.ts';

export type FilterType = 'Int' | 'Bytes' | 'Bool' | 'Ip' | 'Array<Bytes>' | 'Array<Int>';

const byFieldType: Partial<Record<Field['type'], FilterType>> = {
  int: 'Int',
  bool: 'Bool',
  string: 'Bytes',
  'array[int]': 'Array<Int>',
  'array[string]': 'Array<Bytes>',
};

export function filterTypeOf({ type, source }: Field): FilterType | undefined {
  return source.from === 'address' ? 'Ip' : byFieldType[type];
}

export function filterTypes({ fields }: DatasetFields): ReadonlyMap<string, FilterType> {
  const types = new Map<string, FilterType>();
  for (const field of fields.values()) {
    const type = filterTypeOf(field);
    if (type !== undefined) types.set(field.name, type);
  }
  return types;
}
