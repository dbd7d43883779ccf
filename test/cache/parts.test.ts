/** The list of stored parts: what a marker carries is read strictly, and what joins a list. */
import { array, assert, integer, property, tuple } from 'fast-check';
import t from 'tap';
import {
  continues,
  listFor,
  type Part,
  type PartList,
  partListOf,
  partListText,
  partOf,
  withPart,
} from '../../src/cache/parts.ts';
import { Arena } from '../../src/engine/arena.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { limits } from '../../src/lib/limits.ts';
import { FakeEngine } from '../support/fake-engine.ts';

function headOf(fields: [string, string][]): HeadView {
  const engine = new FakeEngine();
  engine.begin();
  return new HeadView(new Arena(engine.memory)).reset(engine.response({ status: 206, fields }));
}

const part = (first: number, last: number, over: Partial<Part> = {}): Part => ({
  validator: 'etag: "a"\r\n',
  isStrong: true,
  sizeBytes: 1000,
  first,
  last,
  ...over,
});

/** Reads the text of a marker back. */
const read = (text: string): PartList | undefined =>
  partListOf(
    headOf(
      text
        .split('\r\n')
        .filter((line) => line !== '')
        .map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon), line.slice(colon + 2)];
        }),
    ),
  );

t.test('what is written is read back', async (t) => {
  const one = withPart(listFor(part(0, 9), -5), part(0, 9));
  const two = withPart(one, part(20, 29));
  t.same(read(partListText(two)), two);
  t.equal(
    partListText(two),
    'etag: "a"\r\ncontent-range: bytes */1000\r\nslice-parts: 4294967291 together 0-9 20-29\r\n',
  );
  t.same(read(partListText(listFor(part(0, 9), 0)))?.firsts, [], 'a list of none');
});

t.test('anything else is no list', async (t) => {
  const form = (parts: string, range = 'bytes */1000', validator = 'etag: "a"\r\n') =>
    read(`${validator}content-range: ${range}\r\nslice-parts: ${parts}\r\n`);
  t.ok(form('1 together 0-9'));
  const refused = [
    '',
    '1',
    '1 together ',
    '1 together 0-9 ',
    '1 together  0-9',
    '1 together 9-0',
    '1 together 0-1000',
    '1 together 0-',
    '1 together -9',
    '1 together 0-9,10-19',
    '1 alone 0-9 10-19',
    '1 apart 0-9',
    'x together 0-9',
    '-1 together 0-9',
    '4294967296 together 0-9',
    '1 together 0-9999999999999999',
    `1 together${' 0-9'.repeat(limits.partsMax + 1)}`,
  ];
  for (const text of refused) t.equal(form(text), undefined, text.slice(0, 40));
  t.equal(form('1 together 0-9', 'bytes 0-9/1000'), undefined, 'the answer to one range');
  t.equal(form('1 together 0-9', 'bytes */*'), undefined, 'an unknown size');
  t.equal(form('1 together 0-9', 'bytes */1000', ''), undefined, 'no validator');
  t.equal(form('1 together 0-9', 'bytes */1000', 'etag: W/"a"\r\n'), undefined, 'a weak one');
});

t.test('what joins a list', async (t) => {
  const list = withPart(listFor(part(0, 9), 7), part(0, 9));
  t.ok(continues(list, part(10, 19)));
  t.notOk(continues(list, part(10, 19, { validator: 'etag: "b"\r\n' })));
  t.notOk(continues(list, part(10, 19, { sizeBytes: 1001 })));
  t.notOk(continues(list, part(10, 19, { isStrong: false })));
  t.notOk(continues(listFor(part(0, 9, { isStrong: false }), 7), part(10, 19)));
  t.notOk(continues(listFor(part(0, 9), 0), part(10, 19)), 'a list that has no version yet');
});

t.test('a list is bounded, and holds nothing twice', async (t) => {
  let list = listFor(part(0, 0), 1);
  for (let index = 0; index <= limits.partsMax; index += 1) list = withPart(list, part(index * 2, index * 2));
  t.equal(list.firsts.length, limits.partsMax);
  t.equal(list.firsts[0], 2, 'the oldest is forgotten');
  t.equal(withPart(list, part(4, 4)), list, 'nothing new');
  t.same(withPart(list, part(0, 999)).firsts, [0], 'what lies within another goes');
  const position = integer({ min: 0, max: 999 });
  assert(
    property(array(tuple(position, position), { maxLength: 100 }), (pairs) => {
      const whole = pairs.reduce(
        (before, [a, b]) => withPart(before, part(Math.min(a, b), Math.max(a, b))),
        list,
      );
      return whole.firsts.length <= limits.partsMax && read(partListText(whole)) !== undefined;
    }),
  );
});

t.test('which validators allow parts to be put together', async (t) => {
  const head = (fields: [string, string][]) =>
    partOf(headOf([['content-range', 'bytes 0-9/1000'], ...fields]), 10, 1_800_000_000)?.isStrong;
  const modified: [string, string] = ['last-modified', 'Tue, 01 Sep 2026 10:00:00 GMT'];
  t.equal(head([['etag', '"a"']]), true);
  t.equal(head([['etag', 'W/"a"']]), undefined, 'nothing to tell versions apart by');
  t.equal(head([['etag', 'W/"a"'], modified, ['date', 'Wed, 02 Sep 2026 10:00:00 GMT']]), false);
  t.equal(head([modified]), false, 'no Date');
  t.equal(head([modified, ['date', 'Tue, 01 Sep 2026 10:00:59 GMT']]), false, 'too soon after');
  t.equal(head([modified, ['date', 'Tue, 01 Sep 2026 10:01:00 GMT']]), true);
});

t.test('an answer that is no part', async (t) => {
  const lengthOf = (fields: [string, string][], length = 10) =>
    partOf(headOf([['etag', '"a"'], ...fields]), length, 1_800_000_000);
  t.same(lengthOf([['content-range', 'bytes 5-14/1000']]), part(5, 14));
  t.equal(lengthOf([['content-range', 'bytes 5-14/1000']], 9), undefined);
  t.equal(lengthOf([['content-range', 'bytes 5-14/1000']], -1), undefined);
  t.equal(lengthOf([['content-range', 'bytes 5-14/*']]), undefined);
  t.equal(lengthOf([['content-range', 'bytes */1000']], 0), undefined);
  t.equal(lengthOf([]), undefined);
  t.equal(
    lengthOf([
      ['content-range', 'bytes 5-14/1000'],
      ['content-range', 'bytes 5-14/1000'],
    ]),
    undefined,
  );
  t.equal(
    lengthOf([
      ['content-range', 'bytes 5-14/1000'],
      ['content-encoding', 'gzip'],
    ]),
    undefined,
  );
});
