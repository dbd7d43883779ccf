/** A field of a dataset: a row from which come the encoder's program, the check of `field_names`, and the documentation. */
import type { FixedColumn, StringColumn } from './fixed.ts';

export type FieldType =
  | 'int'
  | 'float'
  | 'bool'
  | 'string'
  | 'timestamp'
  | 'array[int]'
  | 'array[string]'
  | 'object';

/** Where a field's value comes from. */
export type FieldSource =
  /** A whole number. */
  | { from: 'number'; column: FixedColumn }
  /** Nanoseconds since 1970, in the job's timestamp format. */
  | { from: 'time'; column: FixedColumn }
  /** Microseconds as milliseconds, to the nearest, or rounded up so that 0 means that nothing was done. */
  | { from: 'milliseconds' | 'millisecondsUp' | 'nanoseconds'; column: FixedColumn }
  | { from: 'ray' | 'address'; column: FixedColumn }
  | { from: 'string'; column: StringColumn }
  /** Items in one string, separated by `annotationSeparator` of the contract. */
  | { from: 'list'; column: StringColumn }
  /** Path, and "?" with the query. */
  | { from: 'uri' }
  /** Row of a table of names; `else` stands for what is beyond it. */
  | { from: 'name'; column: FixedColumn; names: readonly string[]; else: string }
  | { from: 'flag'; column: FixedColumn; mask: number }
  /** Kind of device, by the User-Agent. */
  | { from: 'device' }
  /** Number of the record in its ring. */
  | { from: 'sequence' }
  /** What cannot be known: the default that Logpush sends. */
  | { from: 'nothing'; json: string };

export interface Field {
  name: string;
  type: FieldType;
  source: FieldSource;
  about: string;
  /** Put out where a job names no fields. */
  isDefault: boolean;
}
