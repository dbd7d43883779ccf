/** `parapet explain --live` tells what the store of the running process holds for a request. */
import type { Test } from 'tap';
import { type ExplainedPhase, formatExplained } from '../../../src/control/index.ts';
import { askAdmin } from '../../support/admin.ts';
import { runCommand } from '../../support/parapet.ts';
import { fetchOnce } from '../../support/raw-client.ts';
import { ok } from '../../support/scripted-origin.ts';
import type { Site } from './stampede.ts';

export async function explained(t: Test, { origin, parapet }: Site): Promise<void> {
  const host = 'counted.test';
  const script = (path: string, fields: Record<string, string>) =>
    origin.scripts.set(path, (connection) => connection.write(ok('body', fields)));
  script('/told', { 'Cache-Control': 'max-age=600', ETag: '"1"' });
  script('/languages', { 'Cache-Control': 'max-age=600', Vary: 'Accept-Language' });
  script('/checked-each', { 'Cache-Control': 'no-cache', ETag: '"1"' });
  script('/refused', { 'Cache-Control': 'private' });
  const get = async (path: string, fields: Record<string, string> = {}) =>
    await fetchOnce(parapet.listener(), path, { host, fields });
  const tell = async (path: string, ...fields: [string, string][]) => {
    const json = { url: `http://${host}${path}`, fields };
    const { status, body } = await askAdmin(parapet, 'POST', '/explain', { json });
    t.equal(status, 200);
    return formatExplained((JSON.parse(body.toString()) as { phases: ExplainedPhase[] }).phases);
  };
  const command = async (url: string) =>
    await runCommand(['explain', 'GET', url, '-c', parapet.config, '--live']);
  t.match(await tell('/told'), /cache +fetched from the origin[^]* stored: nothing\n/);
  await get('/told');
  await get('/languages', { 'Accept-Language': 'de' });
  await get('/checked-each');
  await get('/refused');
  const hit = await command(`http://${host}/told`);
  const stored =
    /cache +answered from the store\n[^]* stored: status 200, 4 bytes, age \d+ s, fresh for \d+ s\n/;
  t.match(hit, { code: 0, stdout: stored });
  t.notMatch(hit.stdout, /^origin/m);
  t.match(await tell('/told', ['if-none-match', '"1"']), /answered from the store with 304/);
  t.match(await tell('/told', ['range', 'bytes=1-2']), /answered from the store with 206/);
  t.match(
    await tell('/languages', ['accept-language', 'de']),
    /answered from the store\n[^]* variant: accept-language=de\n +stored: status 200/,
  );
  t.match(
    await tell('/languages', ['accept-language', 'fr']),
    /fetched from the origin\n[^]* variant: accept-language=fr\n +stored: nothing/,
  );
  t.match(await tell('/checked-each'), /validated with the origin\n[^]* validated before each use/);
  t.match(await tell('/refused'), /fetched from the origin\n[^]* \(hit-for-miss\)/);

  const bad = await command('nonsense');
  t.equal(bad.code, 1);
  t.match(bad.stderr, 'is not an absolute http or https URL');
  const refused = await askAdmin(parapet, 'POST', '/explain', {
    json: { url: 'http://a/', fields: [['a b', 'c']] },
  });
  t.equal(refused.status, 400);
  t.match(refused.body.toString(), '[name, value]');
}
