/**
 * CPU time per request of Parapet and of nginx on the same work, in turns, in one run: `npm run bench`. See README.md
 * here for what is measured and how. `--tiny` sends a few exact requests through the same steps, for the tests.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ConfigObject } from '../test/support/config.ts';
import { makeCertificate } from './support/certificate.ts';
import { type ClientResult, runBounded, runWrk } from './support/client.ts';
import { machineLine, missing, usableCores } from './support/machine.ts';
import { type LogForm, type Nginx, startNginx, startOrigin } from './support/nginx.ts';
import { fill, objectsPath, storeFor, withRandom } from './support/objects.ts';
import { hasTls, hundredRules, startSubject } from './support/parapet.ts';
import { doubts, type Outcome, ratios, report } from './support/report.ts';
import { measure, median, type Round } from './support/round.ts';
import { gateRatio, type Row, rows } from './support/rows.ts';
import { addressFor, checkAnswer, LineCounter, type Subject } from './support/subject.ts';

const { values } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    warm: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
    rows: { type: 'string' },
    only: { type: 'string' },
    objects: { type: 'string', default: '0' },
    'nginx-log': { type: 'string', default: 'equal' },
    name: { type: 'string', default: 'latest' },
    out: { type: 'string' },
  },
});

const isTiny = values.tiny;
const roundCount = isTiny ? 1 : Number(values.rounds);
const seconds = Number(values.seconds);
const connections = isTiny ? 4 : Number(values.connections);
const tinyRequests = 200;
/** Further objects that the stores of Parapet hold; the tiny form has no wrk that could ask for them. */
const objectCount = isTiny ? 0 : Number(values.objects);
const named = rows.filter(({ name }) => values.rows === undefined || values.rows.split(',').includes(name));
/** Rows over TLS wait for listeners that have it. */
const chosen = named.filter(({ isTls }) => !isTls || hasTls);
const names = values.only === undefined ? ['nginx', 'parapet'] : [values.only];

function cores(): { server: number; client: number } {
  const [server = 0, client] = usableCores();
  if (client === undefined && !isTiny)
    throw new Error('the benchmark needs two cores: one for the proxy, one for client and origin');
  return { server, client: client ?? server };
}

interface Stage {
  origin: Nginx;
  subjects: Subject[];
  /** Ours with the hundred rules; the one without them is among the subjects. */
  withRules: Subject | undefined;
  client: number;
}

/** Who takes turns in a row. */
function subjectsOf({ subjects, withRules }: Stage, row: Row): Subject[] {
  return subjects.map((subject) =>
    row.hasRules && subject.name === 'parapet' && withRules !== undefined ? withRules : subject,
  );
}

function allOf({ subjects, withRules }: Stage): Subject[] {
  return withRules === undefined ? subjects : [...subjects, withRules];
}

async function setUp(folder: string): Promise<Stage> {
  const { server, client } = cores();
  // This process too keeps off the core of the proxies.
  execFileSync('taskset', ['-p', '-c', String(client), String(process.pid)], { stdio: 'ignore' });
  const { nginx, port } = await startOrigin(join(folder, 'origin'), [...rows], client);
  const stage: Stage = { origin: nginx, subjects: [], withRules: undefined, client };
  try {
    const own = makeCertificate(folder);
    const certificate = hasTls ? own : undefined;
    const ours = async (name: string, over: ConfigObject) =>
      await startSubject(join(folder, name), port, server, {
        certificate,
        over: objectCount > 0 ? { ...over, ...storeFor(objectCount) } : over,
      });
    for (const name of names) {
      if (name === 'nginx') {
        const form = values['nginx-log'] as LogForm;
        stage.subjects.push(await startNginx(join(folder, 'nginx'), port, server, form, own));
      } else stage.subjects.push(await ours('parapet', {}));
    }
    if (names.includes('parapet') && chosen.some(({ hasRules }) => hasRules))
      stage.withRules = await ours('rules', hundredRules());
  } catch (error) {
    await Promise.all([...allOf(stage).map((subject) => subject.stop()), nginx.stop()]);
    throw error;
  }
  return stage;
}

async function measureRow(stage: Stage, row: Row, counters: Map<Subject, LineCounter>): Promise<Outcome> {
  const { isTls, body, resource } = row;
  const load = (subject: Subject, duration: number): Promise<ClientResult> => {
    const address = addressFor(subject, row);
    return isTiny
      ? runBounded(address, `/${resource}`, { connections, requests: tinyRequests, body, isTls })
      : runWrk(address, `/${resource}`, { connections, seconds: duration, core: stage.client, isTls });
  };
  const subjects = subjectsOf(stage, row);
  const rounds: Record<string, Round[]> = {};
  for (const subject of subjects) {
    await checkAnswer(subject, row);
    // A first load that is not measured: code is compiled, pools and caches are filled.
    if (!isTiny) await load(subject, Number(values.warm));
    rounds[subject.name] = [];
  }
  for (let turn = 0; turn < roundCount; turn += 1) {
    // Whoever goes first in one round goes last in the next.
    const order = turn % 2 === 0 ? subjects : subjects.toReversed();
    for (const subject of order) {
      const counter = counters.get(subject) as LineCounter;
      const round = await measure(subject, counter, () => load(subject, seconds));
      rounds[subject.name]?.push(round);
      if (!isTiny)
        console.log(
          `  ${row.title}, round ${turn + 1}, ${subject.name}: ${round.cpuUs.toFixed(2)} us, ${Math.round(round.throughput)}/s`,
        );
    }
    for (const subject of subjects) await checkAnswer(subject, row);
  }
  const medians = Object.fromEntries(Object.entries(rounds).map(([name, all]) => [name, median(all)]));
  const ours = medians['parapet']?.cpuUs;
  const theirs = medians['nginx']?.cpuUs;
  return {
    row,
    rounds,
    medians,
    ratio: ours === undefined || theirs === undefined ? undefined : ours / theirs,
  };
}

/** Fills the index of a Parapet, and measures hits on any of its objects. */
async function fillIndex(stage: Stage, subject: Subject, counter: LineCounter): Promise<void> {
  const load = { connections, core: stage.client };
  await fill(subject, counter, objectCount, load, (done) => console.log(`  ${done} objects stored`));
  const { cpuUs, throughput } = await withRandom(objectCount, (script) =>
    measure(subject, counter, () =>
      runWrk(subject.address, objectsPath, { ...load, seconds, isTls: false, script }),
    ),
  );
  const all = `${cpuUs.toFixed(2)} us, ${Math.round(throughput)}/s`;
  console.log(`  hits on any of ${objectCount} objects, parapet: ${all}`);
}

function keep(machine: string, outcomes: Outcome[]): string {
  const folder = values.out ?? join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${values.name}.json`);
  const plain = outcomes.map(({ row: { name, title, target, goal, hasRules }, ...rest }) => ({
    name,
    hasRules,
    title,
    target,
    goal,
    ...rest,
  }));
  const settings = {
    rounds: roundCount,
    seconds,
    connections,
    nginxLog: values['nginx-log'],
    ...(objectCount > 0 ? { objects: objectCount } : {}),
  };
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date().toISOString(), machine, settings, rows: plain }, null, 2)}\n`,
  );
  return file;
}

async function main(): Promise<void> {
  const lacking = missing(['taskset', 'nginx', 'openssl', ...(isTiny ? [] : ['wrk'])]);
  if (lacking.length > 0) throw new Error(lacking.join('\n'));
  if (named.length === 0)
    throw new Error(`no such row; there are ${rows.map(({ name }) => name).join(', ')}`);
  for (const { name } of named)
    if (!chosen.some((row) => row.name === name)) console.log(`left out: ${name} (no TLS)`);
  const machine = machineLine();
  console.log(machine);
  const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
  const outcomes: Outcome[] = [];
  try {
    const stage = await setUp(folder);
    try {
      const counters = new Map(allOf(stage).map((subject) => [subject, new LineCounter(subject.log)]));
      for (const subject of objectCount > 0 ? allOf(stage) : [])
        if (subject.name === 'parapet') await fillIndex(stage, subject, counters.get(subject) as LineCounter);
      for (const row of chosen) outcomes.push(await measureRow(stage, row, counters));
    } finally {
      await Promise.all([...allOf(stage).map((subject) => subject.stop()), stage.origin.stop()]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${report(outcomes)}\n`);
  const compared = ratios(outcomes, gateRatio);
  if (compared !== '') console.log(`${compared}\n`);
  for (const doubt of isTiny ? [] : doubts(outcomes)) console.log(`note: ${doubt}`);
  console.log(`kept in ${keep(machine, outcomes)}`);
}

await main().catch((error: unknown) => {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
});
