import t from 'tap';
import { Arena } from '../../src/engine/arena.ts';
import { headWord, methodId } from '../../src/engine/contract.ts';
import { HeadView, knownId, maskOf, noField } from '../../src/engine/head-view.ts';
import { FakeEngine, type Fields } from '../support/fake-engine.ts';

function viewOf(fields: Fields, target = '/a/b?c=d'): HeadView {
  const engine = new FakeEngine();
  engine.begin();
  return new HeadView(new Arena(engine.memory)).reset(engine.request({ method: 'POST', target, fields }));
}

t.test('the parts of a request', async (t) => {
  const head = viewOf([['host', 'Site.example:8080']]);
  t.equal(head.code, methodId.post);
  t.equal(head.spanText(headWord.methodOffset), 'POST');
  t.equal(head.spanText(headWord.targetOffset), '/a/b?c=d');
  t.equal(head.spanText(headWord.pathOffset), '/a/b');
  t.equal(head.spanText(headWord.queryOffset), 'c=d');
  t.equal(head.authorityText, 'site.example:8080');
  t.equal(head.word(headWord.hostLength), 12);
  t.equal(head.word(headWord.port), 8080);
  t.ok(head.hasQuery);
  t.notOk(viewOf([], '/a').hasQuery);
});

t.test('fields are found by id, one after the other', async (t) => {
  const head = viewOf([
    ['accept', 'a'],
    ['via', '1'],
    ['x-own', 'v'],
    ['via', '2'],
    ['accept', 'b'],
  ]);
  const via = knownId('via');
  const first = head.find(via);
  t.equal(head.valueText(first), '1');
  const second = head.findNext(via, first);
  t.equal(head.valueText(second), '2');
  t.equal(head.findNext(via, second), noField);
  t.equal(head.joinedText(via), '1, 2');
  t.equal(head.joinedText(knownId('accept')), 'a, b', 'a name without a mask bit');
  t.ok(head.has(knownId('accept')));
  t.notOk(head.has(knownId('accept-encoding')));
  t.equal(head.find(knownId('host')), noField);
  t.equal(head.joinedText(knownId('host')), undefined);
  const own = head.findNamed(new Uint8Array(Buffer.from('x-own')), 0, head.fieldAt(0));
  t.equal(head.nameText(own), 'x-own');
  t.equal(head.findNamed(new Uint8Array(Buffer.from('x-owner')), 0, head.fieldAt(0)), noField);
  t.equal(head.fieldAt(2), own);
});

t.test('a mask tells whether any of a set is there', async (t) => {
  const mask = maskOf(['via', 'x-forwarded-for']);
  t.ok(viewOf([['via', '1']]).hasAny(mask.low, mask.high));
  t.ok(viewOf([['x-forwarded-for', '1']]).hasAny(mask.low, mask.high));
  t.notOk(viewOf([['host', 'a']]).hasAny(mask.low, mask.high));
  t.throws(() => maskOf(['accept']), 'no mask bit');
});

t.test('a view without a head', async (t) => {
  t.notOk(new HeadView(new Arena(new FakeEngine().memory)).reset(0).exists);
});
