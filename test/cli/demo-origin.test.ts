import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { startDemoOrigin } from '../../src/cli/demo-origin.ts';
import { HandClock } from '../support/hand-clock.ts';
import { until } from '../support/within.ts';

t.test('the demo origin has pages, an image, a slow page, an API and an echo', async (t) => {
  const clock = new HandClock();
  const server = await startDemoOrigin(0, clock);
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const page = await fetch(`${base}/?x`);
  t.equal(page.headers.get('cache-control'), 'max-age=60');
  t.match(await page.text(), /<h1>Parapet demo/);
  const image = Buffer.from(await (await fetch(`${base}/image.png`)).arrayBuffer());
  t.same([...image.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const api = await fetch(`${base}/api/time`);
  t.equal(api.headers.get('cache-control'), 'no-store');
  t.same(await api.json(), { time: new Date(clock.nowMs()).toISOString(), requests: 3 });
  t.equal((await fetch(`${base}/none`)).status, 404);
  const echo = await fetch(`${base}/upload`, {
    method: 'POST',
    body: 'echo this',
    headers: { 'content-type': 'text/x' },
  });
  t.equal(await echo.text(), 'echo this');
  t.equal(echo.headers.get('content-type'), 'text/x');
  const slow = fetch(`${base}/slow`);
  await until(5_000, 'the slow request', () => clock.nextMs);
  clock.advance(2_000);
  t.equal((await slow).status, 200);
});

t.test('a port that is taken is told by its code', async (t) => {
  const server = await startDemoOrigin(0, new HandClock());
  t.teardown(() => server.close());
  await t.rejects(startDemoOrigin((server.address() as AddressInfo).port, new HandClock()), {
    code: 'EADDRINUSE',
  });
  server.close();
  await once(server, 'close');
});
