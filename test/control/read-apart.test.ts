/** A config is read in a thread of its own, and control's loop turns meanwhile. */
import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { noIds } from '../../src/config/index.ts';
import { readConfiguration } from '../../src/control/configuration.ts';
import { type ReadQuestion, readApart } from '../../src/control/read-apart.ts';
import { createConfigReader } from '../../src/control/threads.ts';

const rule = (index: number): string =>
  `        - { ref: r${index}, action: block, expression: 'http.host == "h${index}" and ip.src in $bad' }`;

function configOf(folder: string, rules: number): string {
  return [
    'listeners: [{ address: 127.0.0.1:0 }]',
    'origins: { site: { servers: [{ url: http://127.0.0.1:9 }] } }',
    `logs: { directory: ${folder} }`,
    'lists: { bad: { kind: ip, file: bad.txt } }',
    'zones:',
    '  - name: site',
    '    hosts: ["*"]',
    '    origin: site',
    '    rules:',
    '      http_request_firewall_custom:',
    ...Array.from({ length: rules }, (_, index) => rule(index)),
    '',
  ].join('\n');
}

function question(folder: string, text: string): ReadQuestion {
  return { file: join(folder, 'parapet.yaml'), text, before: noIds, testFaults: false };
}

t.test('what is read apart is what is read here, and the loop turns', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'bad.txt'), '192.0.2.0/24\n');
  const { file, text, before } = question(folder, configOf(folder, 500));
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  const apart = await readApart({ file, text, before, testFaults: false }, createConfigReader);
  clearInterval(timer);
  const here = readConfiguration(file, text, before, false);
  if (!apart.ok || !here.ok) throw new Error('the config is refused');
  t.ok(turns > 5, `${turns} turns`);
  t.strictSame(apart.configuration.compiled, here.configuration.compiled);
  t.strictSame(apart.configuration.config, here.configuration.config);
  t.strictSame(apart.configuration.ids, here.configuration.ids);
  t.strictSame([...apart.configuration.files.contents.keys()], [join(folder, 'bad.txt')]);
});

t.test('faults are told in the same words', async (t) => {
  const folder = t.testdir();
  const given = question(folder, configOf(folder, 1).replace('http.host', 'http.hots'));
  const apart = await readApart(given, createConfigReader);
  t.strictSame(apart, readConfiguration(given.file, given.text, noIds, false));
  t.notOk(apart.ok);
});

t.test('a thread that fails, or ends without an answer', async (t) => {
  const given = question('/nowhere', '');
  const failing = (event: string, ...values: unknown[]) => {
    const thread = new EventEmitter();
    queueMicrotask(() => thread.emit(event, ...values));
    return thread;
  };
  await t.rejects(
    readApart(given, () => failing('error', new Error('out of memory'))),
    /out of memory/,
  );
  await t.rejects(
    readApart(given, () => failing('exit', 1)),
    /has ended/,
  );
});
