import t from 'tap';
import { annotationBytesMax, annotations, cacheResults } from '../../src/engine/contract.ts';
import { datasetFields } from '../../src/logs/record/dataset.ts';
import {
  fixedBytes,
  fixedRows,
  stringBytesMax,
  stringIndex,
  stringRows,
  targetBytesMax,
} from '../../src/logs/record/fixed.ts';
import { httpRequestsFields } from '../../src/logs/record/http-requests.ts';
import {
  frameBytesMax,
  frameHeaderBytes,
  ringBytesMin,
  slotBytes,
  slotStringMax,
  slotWord,
} from '../../src/logs/ring/layout.ts';

const { fields, defaults } = datasetFields.http_requests;

t.test('no two columns and no two fields have one name', (t) => {
  t.equal(new Set(fixedRows.map(([name]) => name)).size, fixedRows.length);
  t.equal(new Set(stringRows.map(([name]) => name)).size, stringRows.length);
  t.equal(fields.size, httpRequestsFields.length);
  t.ok(defaults.length > 20 && defaults.length < fields.size);
  t.end();
});

t.test('every column is put out by some field', (t) => {
  const used = new Set<string>(['query', 'flags']);
  for (const { source } of httpRequestsFields) if ('column' in source) used.add(source.column);
  const columns = [...fixedRows, ...stringRows].map(([name]) => name as string);
  t.same(
    columns.filter((name) => !used.has(name)),
    [],
  );
  t.end();
});

t.test('the annotations of the contract are columns, in their order', (t) => {
  const first = stringIndex[annotations[0]];
  t.same(
    stringRows.slice(first, first + annotations.length).map(([name]) => name),
    annotations,
  );
  t.end();
});

t.test('every cache result has a word of Logpush', (t) => {
  const source = fields.get('CacheCacheStatus')?.source;
  if (source?.from !== 'name') throw new Error('it is no name');
  const logpush =
    'unknown miss expired updating stale hit ignored bypass revalidated dynamic stream_hit deferred';
  t.equal(source.names.length, cacheResults.length);
  for (const name of source.names) t.ok(logpush.split(' ').includes(name), name);
  t.end();
});

t.test('the largest record fits a frame, and the smallest ring holds it; slots hold their strings', (t) => {
  const plain = stringRows.length - 2 - annotations.length;
  const strings = targetBytesMax + annotationBytesMax + plain * stringBytesMax;
  t.ok(frameHeaderBytes + fixedBytes + 4 * stringRows.length + strings + 8 <= frameBytesMax);
  t.ok(frameBytesMax * 2 < ringBytesMin);
  const slot = Object.values(slotStringMax).reduce((sum: number, bytes) => sum + bytes, slotWord.strings);
  t.ok(slot <= slotBytes);
  t.end();
});
