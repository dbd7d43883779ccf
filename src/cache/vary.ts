/**
 * Responses that vary (RFC 9111 4.1): which request fields select them, and the secondary key that their values make.
 * Values are brought into a normal form where that is known not to change their meaning.
 */
import { type HeadView, knownId, noField } from '../engine/head-view.ts';
import { latin1Bytes } from '../lib/bytes.ts';
import { limits } from '../lib/limits.ts';
import { splitList } from '../lib/list.ts';
import { type KeyBuilder, keyMark } from './key.ts';

export interface SelectingField {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly id: number;
}

export interface VaryFields {
  /** The names in lower case, sorted, separated by commas: what a marker carries. */
  readonly text: string;
  readonly fields: readonly SelectingField[];
  /** `Vary: *`: no request is known to match. */
  readonly isAny: boolean;
}

const varyId = knownId('vary');
const remembered = new Map<string, VaryFields>();

/** The selecting fields of a Vary value, or of the text of a marker. */
export function parseVary(text: string): VaryFields {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const names = [...new Set(text.toLowerCase().split(','))]
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unique = [...new Set(names)].sort();
  const parsed = {
    text: unique.join(','),
    fields: unique.map((name) => ({ name, bytes: latin1Bytes(name), id: knownId(name) })),
    isAny: unique.includes('*'),
  };
  if (remembered.size >= limits.varyMarkersMax) remembered.clear();
  remembered.set(text, parsed);
  return parsed;
}

/** What a response varies on; undefined where it does not. */
export function varyOf(response: HeadView): VaryFields | undefined {
  if (!response.has(varyId)) return undefined;
  const fields = parseVary(response.joinedText(varyId) ?? '');
  return fields.fields.length === 0 ? undefined : fields;
}

/** Markers of one store that have been read: a marker never changes under its handle. Overwritten freely. */
export class MarkerCache {
  readonly #handles = new Int32Array(markerSlots * 2);
  readonly #fields: (VaryFields | undefined)[] = Array.from({ length: markerSlots }, () => undefined);

  get(object: number, generation: number): VaryFields | undefined {
    const slot = slotOf(object, generation);
    const isSame = this.#handles[slot * 2] === object && this.#handles[slot * 2 + 1] === generation;
    return isSame ? this.#fields[slot] : undefined;
  }

  set(object: number, generation: number, fields: VaryFields): void {
    const slot = slotOf(object, generation);
    this.#handles[slot * 2] = object;
    this.#handles[slot * 2 + 1] = generation;
    this.#fields[slot] = fields;
  }
}

const markerSlots = 1024;

function slotOf(object: number, generation: number): number {
  return ((object ^ Math.imul(generation, 0x9e3779b1)) >>> 0) & (markerSlots - 1);
}

/** What a marker carries: field lines like those of a stored head. */
export function markerLines(vary: VaryFields): string {
  return `vary: ${vary.text}\r\n`;
}

/** The fields of both: responses of one key are told apart by all fields that any of them varies on. */
export function joinVary(one: VaryFields, other: VaryFields): VaryFields {
  return one.text === other.text ? one : parseVary(`${one.text},${other.text}`);
}

/** Values of request fields as the origin gets them, where that is not as they came; undefined: as they came. */
export interface FieldValues {
  valuesOf(name: string, request: HeadView): readonly string[] | undefined;
}

const unchanged: FieldValues = { valuesOf: () => undefined };

/**
 * Appends the secondary key of a request to its primary key.
 *
 * @param isExact values count as they stand: settings have normalised those that have a normal form
 */
export function putSecondaryKey(
  key: KeyBuilder,
  marker: number,
  vary: VaryFields,
  request: HeadView,
  changes: FieldValues = unchanged,
  isExact = false,
): void {
  key.putByte(keyMark.secondary);
  key.putWord(marker);
  const formOf = isExact ? asItIs : normalForm;
  for (const selecting of vary.fields) putValue(key, selecting, request, changes, formOf);
}

const asItIs = (_name: string, value: string) => value;

function putValue(
  key: KeyBuilder,
  selecting: SelectingField,
  request: HeadView,
  changes: FieldValues,
  formOf: typeof normalForm,
): void {
  const changed = changes.valuesOf(selecting.name, request);
  if (changed !== undefined) {
    key.putByte(changed.length === 0 ? keyMark.absence : keyMark.value);
    if (changed.length > 0) key.putText(formOf(selecting.name, changed.join(',')));
    return;
  }
  let field = request.findNamed(selecting.bytes, selecting.id, request.fieldAt(0));
  if (field === noField) {
    key.putByte(keyMark.absence);
    return;
  }
  let text = request.valueText(field);
  for (;;) {
    field = request.findNamed(selecting.bytes, selecting.id, field + 4);
    if (field === noField) break;
    text += `,${request.valueText(field)}`;
  }
  key.putByte(keyMark.value);
  key.putText(formOf(selecting.name, text));
}

/** Fields whose values are preferences with weights: their order and case say nothing. */
const preferences: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-charset',
]);
/** Fields that are no lists: a comma in them is a character like any other. */
const opaque: ReadonlySet<string> = new Set([
  'cookie',
  'user-agent',
  'referer',
  'authorization',
  'proxy-authorization',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'available-dictionary',
  'dictionary-id',
]);
const normalForms = new Map<string, string>();

/** The normal form of a request field value, its lines joined by commas (RFC 9111 4.1). */
export function normalForm(name: string, value: string): string {
  if (value.length > limits.normalFormBytesMax || opaque.has(name)) return value;
  const isPreference = preferences.has(name);
  const remember = isPreference ? `${name}:${value}` : value;
  const known = normalForms.get(remember);
  if (known !== undefined) return known;
  const normal = isPreference ? preferenceForm(value) : listForm(value);
  if (normalForms.size >= limits.normalFormsMax) normalForms.clear();
  normalForms.set(remember, normal);
  return normal;
}

/** Members without the white space around their commas; what is quoted stays as it is. */
function listForm(value: string): string {
  if (!value.includes(',')) return value;
  return splitList(value).join(',');
}

interface Preference {
  text: string;
  weight: number;
}

/** Lower case, no white space, sorted by weight and then by name; a weight of 1 is not written. */
function preferenceForm(value: string): string {
  const preferences = value
    .toLowerCase()
    .split(',')
    .map(readPreference)
    .filter((preference) => preference.text !== '');
  preferences.sort((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : Number(a.text > b.text)));
  return preferences.map(({ text, weight }) => (weight === 1 ? text : `${text};q=${weight}`)).join(',');
}

function readPreference(member: string): Preference {
  const parts = member.split(';').map((part) => part.trim());
  const weightPart = parts.find((part) => /^q\s*=/.test(part));
  const weight = weightPart === undefined ? 1 : Number(weightPart.slice(weightPart.indexOf('=') + 1));
  const text = parts.filter((part) => part !== weightPart && part !== '').join(';');
  return { text, weight: weight >= 0 && weight <= 1 ? weight : 1 };
}
