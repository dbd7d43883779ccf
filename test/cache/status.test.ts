import t from 'tap';
import { Eligibility } from '../../src/cache/eligible.ts';
import { invalidates, isUnsafe, namedTargets } from '../../src/cache/invalidate.ts';
import { defaultCacheSettings } from '../../src/cache/protocol.ts';
import { RefreshGuard } from '../../src/cache/refresh-guard.ts';
import { forwardReason, statusEdit, statusNote, statusText } from '../../src/cache/status.ts';
import { Arena } from '../../src/engine/arena.ts';
import { methodId } from '../../src/engine/contract.ts';
import { decodeEdits } from '../../src/engine/edits.ts';
import { HeadView } from '../../src/engine/head-view.ts';
import { FakeEngine } from '../support/fake-engine.ts';

t.test('the table of the caching specification', async (t) => {
  const { uriMiss, varyMiss, stale, bypass, method } = forwardReason;
  t.equal(statusText(uriMiss, 200, statusNote.stored), 'parapet; fwd=uri-miss; fwd-status=200; stored');
  t.equal(statusText(varyMiss, 200, statusNote.stored), 'parapet; fwd=vary-miss; fwd-status=200; stored');
  t.equal(statusText(uriMiss, 200, statusNote.collapsed), 'parapet; fwd=uri-miss; fwd-status=200; collapsed');
  t.equal(statusText(stale, 304, 0), 'parapet; fwd=stale; fwd-status=304');
  t.equal(statusText(uriMiss, 0, statusNote.notStorable), 'parapet; fwd=uri-miss; detail=NOT-STORABLE');
  t.equal(statusText(bypass, 0, 0), 'parapet; fwd=bypass');
  t.equal(statusText(method, 0, 0), 'parapet; fwd=method');
  t.equal(statusEdit(bypass, 0, 0), statusEdit(bypass, 0, 0), 'made once');
  t.same(decodeEdits(statusEdit(stale, 304, 0))[0]?.value, 'parapet; fwd=stale; fwd-status=304');
});

function requestFor(method: string, target: string): HeadView {
  const engine = new FakeEngine();
  engine.begin();
  return new HeadView(new Arena(engine.memory)).reset(
    engine.request({ method, target, fields: [['host', 'a']] }),
  );
}

t.test('which requests take part', async (t) => {
  const standard = new Eligibility(defaultCacheSettings);
  const cdn = new Eligibility({ ...defaultCacheSettings, mode: 'cdn' });
  const off = new Eligibility({ ...defaultCacheSettings, mode: 'off' });
  const judge = (eligibility: Eligibility, method: string, target: string): number =>
    eligibility.judge(requestFor(method, target));
  t.equal(judge(standard, 'GET', '/'), forwardReason.none);
  t.equal(judge(standard, 'HEAD', '/'), forwardReason.none);
  t.equal(judge(standard, 'POST', '/'), forwardReason.method);
  t.equal(judge(off, 'GET', '/a.css'), forwardReason.bypass);
  for (const target of ['/a.css', '/x/a.JPG?v=1', '/robots.txt', '/a.b.js']) {
    t.equal(judge(cdn, 'GET', target), forwardReason.none, target);
  }
  for (const target of [
    '/',
    '/a',
    '/a.html',
    '/a.css/',
    '/a.',
    '/.css/x',
    '/a?b=c.css',
    '/x/robots.txt',
    '/a.txt',
  ]) {
    t.equal(judge(cdn, 'GET', target), forwardReason.bypass, target);
  }
});

t.test('unsafe methods and what they make untrue', async (t) => {
  for (const method of ['get', 'head', 'options', 'trace'] as const)
    t.notOk(isUnsafe(methodId[method]), method);
  for (const method of ['post', 'put', 'delete', 'patch', 'other', 'purge'] as const)
    t.ok(isUnsafe(methodId[method]));
  t.ok(invalidates(200));
  t.ok(invalidates(303));
  t.notOk(invalidates(404));
  t.notOk(invalidates(500));
  const engine = new FakeEngine();
  engine.begin();
  const arena = new Arena(engine.memory);
  const request = new HeadView(arena).reset(
    engine.request({ target: '/a/b?q', fields: [['host', 'a.example']] }),
  );
  const fields: [string, string][] = [
    ['location', 'c?x'],
    ['content-location', 'http://other.example/'],
  ];
  const response = new HeadView(arena).reset(engine.response({ status: 201, fields }));
  t.same(namedTargets(request, response, false), [{ path: '/a/c', query: 'x' }]);
});

t.test('one background refresh a second', async (t) => {
  const guard = new RefreshGuard();
  t.ok(guard.admit(1, 5, 100));
  t.notOk(guard.admit(1, 5, 100));
  t.ok(guard.admit(1, 6, 100), 'another version');
  t.ok(guard.admit(1, 5, 101), 'another second');
});
