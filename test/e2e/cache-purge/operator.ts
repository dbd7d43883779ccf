/** The command, its errors, the lines that purges leave, and zones that come and go. */
import type { Test } from 'tap';
import { askAdmin } from '../../support/admin.ts';
import { runCommand } from '../../support/parapet.ts';
import { until } from '../../support/within.ts';
import { ask, isHit, purge, type Site, zonesConfig } from './site.ts';

export async function commandLine(t: Test, site: Site): Promise<void> {
  const { parapet } = site;
  const command = async (...args: string[]) =>
    await runCommand(['purge', '-c', parapet.config, ...args], { cwd: parapet.folder });
  await ask(site, '/cli?tags=cli');
  t.match(await command('--tag', 'CLI', '--tag', 'more'), { code: 0, stdout: 'purged: tag CLI, more\n' });
  t.notOk(isHit(await ask(site, '/cli?tags=cli')));
  t.match(await command('--prefix', 'shop.test/cli', '--soft'), {
    code: 0,
    stdout: 'made stale: prefix shop.test/cli\n',
  });
  t.match((await ask(site, '/cli?tags=cli')).field('Cache-Status'), /fwd=stale/);
  t.match(await command('--host', 'shop.test'), { code: 0, stdout: 'purged: host shop.test\n' });
  await ask(site, '/cli?tags=cli');
  t.match(await command('--url', 'http://shop.test/cli?tags=cli'), {
    code: 0,
    stdout: 'purged: 1 stored response\n',
  });
  t.match(await command('--all', '--zone', 'shop'), { code: 0, stdout: 'purged: everything in zone shop\n' });
  await ask(site, '/cli/one');
  t.match(await command('--all'), { code: 0, stdout: /^purged: [1-9]\d* stored responses?\n$/ });
  t.match(await command('--all'), { code: 0, stdout: 'purged: 0 stored responses\n' });
  for (const [args, stderr] of [
    [['--tag', 'a b'], /printable ASCII without spaces/],
    [['--prefix', 'http://shop.test/'], /has a scheme/],
    [['--host', 'shop.test/a'], /purge by "prefix"/],
    [['--url', 'shop.test/a'], /not an absolute http or https URL/],
    [['--tag', 'a', '--zone', 'nowhere'], /There is no zone "nowhere"/],
    [['--host', 'shop.test', '--zone', 'other'], /belongs to the zone "shop", not to "other"/],
    [[], /purge needs one of/],
  ] as const)
    t.match(await command(...args), { code: 1, stdout: '', stderr }, args.join(' '));
}

export async function auditLines(t: Test, site: Site): Promise<void> {
  const { parapet } = site;
  await purge(t, site, { tag: ['audit-1', 'audit-2'], zone: 'shop', soft: true });
  await ask(site, '/audited');
  await askAdmin(parapet, 'POST', '/purge', {
    json: { url: 'http://shop.test/audited' },
    fields: { 'User-Agent': 'deploy/1.0' },
  });
  const line = async (pattern: RegExp) =>
    await until(
      10_000,
      String(pattern),
      () => pattern.exec(parapet.stderr) ?? undefined,
      () => parapet.stderr,
    );
  const when = '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z';
  await line(
    new RegExp(
      `^parapet: audit: ${when} soft purge of tag audit-1, audit-2 in zone shop; by 127\\.0\\.0\\.1:\\d+$`,
      'm',
    ),
  );
  await line(
    new RegExp(
      `^parapet: audit: ${when} purge of url http://shop\\.test/audited: 1 stored; by 127\\.0\\.0\\.1:\\d+ \\(deploy/1\\.0\\)$`,
      'm',
    ),
  );
  await runCommand(['purge', '-c', parapet.config, '--host', 'audit.shop.test'], { cwd: parapet.folder });
  await line(/purge of host audit\.shop\.test; by 127\.0\.0\.1:\d+ \(parapet\/[\d.]+\S* purge, user \S+\)$/m);
}

/** A zone that comes back under its name finds nothing of before. */
export async function zonesComeAndGo(t: Test, site: Site): Promise<void> {
  const { origin, parapet } = site;
  const reload = async (names: readonly string[]) => {
    parapet.rewrite(zonesConfig(origin, names));
    t.equal((await askAdmin(parapet, 'POST', '/reload')).status, 200);
  };
  await reload(['shop', 'other', 'guest']);
  await ask(site, '/guest', 'guest.test');
  t.ok(isHit(await ask(site, '/guest', 'guest.test')));
  await ask(site, '/stays', 'shop.test');
  await reload(['shop', 'other']);
  await reload(['shop', 'other', 'guest']);
  t.notOk(isHit(await ask(site, '/guest', 'guest.test')));
  t.ok(isHit(await ask(site, '/stays', 'shop.test')));
}
