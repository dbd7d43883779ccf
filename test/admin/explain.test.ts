/** What `POST /explain` takes, and how it refuses the rest. */
import t from 'tap';
import { readExplain } from '../../src/admin/explain.ts';

const read = (value: unknown) => readExplain(JSON.stringify(value));

t.test('a question, with what it leaves out', async (t) => {
  t.same(read({ url: 'http://a/' }), { method: 'GET', url: 'http://a/', fields: [], ip: '192.0.2.1' });
  const whole = {
    method: 'HEAD',
    url: 'http://a/',
    fields: [['Accept', '*/*']],
    ip: '::1',
    response: { status: 404 },
  };
  t.same(read(whole), {
    ...whole,
    fields: [['accept', '*/*']],
    response: { status: 404, fields: [] },
  });
});

t.test('what it refuses', async (t) => {
  const detail = (value: unknown) => (read(value) as { detail?: string }).detail;
  t.match(readExplain('{'), { status: 400, detail: /not JSON/ });
  t.match(detail([]), 'an object');
  t.match(detail({}), '"url" has to be');
  t.match(detail({ url: 'http://a/', header: [] }), 'The key "header" is not known');
  t.match(detail({ url: 'http://a/', method: 'A B' }), '"method"');
  t.match(detail({ url: 'http://a/', ip: 'here' }), '"ip"');
  for (const fields of ['a: b', [['a']], [['a b', 'c']], [['a', 'b\r\nc']], [['a', 1]]])
    t.match(detail({ url: 'http://a/', fields }), '"fields"', JSON.stringify(fields));
  for (const response of [1, {}, { status: 100 }, { status: 200, fields: [['a']] }])
    t.match(detail({ url: 'http://a/', response }), '"response"', JSON.stringify(response));
});
