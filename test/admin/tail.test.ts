/** `GET /logs/tail` over a real socket, with the process behind it faked. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import {
  type AdminPorts,
  AdminServer,
  type LineReader,
  problems,
  type TailQuestion,
} from '../../src/admin/index.ts';
import { until, within } from '../support/within.ts';

async function start(t: Test) {
  const sessions: { question: TailQuestion; reader: LineReader; isStopped: boolean }[] = [];
  const ports = {
    logTail: (question: TailQuestion, reader: LineReader) => {
      if (question.job === 'none') return { ok: false, problem: problems.refused('No job is called none.') };
      if (question.filter === 'bad')
        return {
          ok: false,
          problem: problems.badFilter('The filter: no.', { filter: 'bad', from: 0, to: 3 }),
        };
      const session = { question, reader, isStopped: false };
      sessions.push(session);
      return { ok: true, value: () => (session.isStopped = true) };
    },
    audit: () => {},
  } as unknown as AdminPorts;
  const server = new AdminServer(ports, 'token');
  const address = await server.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  t.teardown(async () => await server.close());
  if (address.kind !== 'tcp') throw new Error('not tcp');
  const { port } = address;
  const ask = async (path: string, method = 'GET', headers = {}): Promise<IncomingMessage> => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    sent.end();
    const [response] = (await within(5000, 'an answer', once(sent, 'response'))) as [IncomingMessage];
    return response;
  };
  return { ask, sessions, port, server };
}

t.test('lines come as they are, until it is ended', async (t) => {
  const { ask, sessions } = await start(t);
  const response = await ask('/logs/tail?job=access&filter=EdgeResponseStatus%20eq%20200');
  t.equal(response.statusCode, 200);
  t.equal(response.headers['content-type'], 'application/x-ndjson');
  t.same(sessions[0]?.question, { job: 'access', filter: 'EdgeResponseStatus eq 200' });
  const { reader } = sessions[0] as (typeof sessions)[0];
  let taken = 0;
  reader.lines(Buffer.from('{"a":1}\n'), 0, () => (taken += 1));
  const [first] = (await within(5000, 'the first line', once(response, 'data'))) as [Buffer];
  t.equal(first.toString(), '{"a":1}\n', 'at once');
  await until(5000, 'it was taken', () => (taken === 1 ? true : undefined));
  const rest = text(response);
  reader.lines(Buffer.from('{"a":2}\n'), 7, () => {});
  reader.ended('the process ends');
  t.equal(
    await within(5000, 'the end', rest),
    '{"TailSkipped":7}\n{"a":2}\n{"TailEnded":"the process ends","TailSkipped":7}\n',
  );
});

t.test('a client that goes ends it, one that does not read is not written to', async (t) => {
  const { port, sessions } = await start(t);
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /logs/tail HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await within(5000, 'the head', once(socket, 'data'));
  socket.pause();
  const [session] = sessions;
  let taken = 0;
  const chunk = Buffer.alloc(1024 * 1024, 0x78);
  const chunksMax = 200;
  const feed = (): void => {
    if (taken < chunksMax) session?.reader.lines(chunk, 0, () => feed());
    taken += 1;
  };
  feed();
  let before = -1;
  await until(5000, 'nothing is taken any more', () => {
    const isStill = taken === before;
    before = taken;
    return isStill ? true : undefined;
  });
  t.ok(taken < chunksMax, `${taken}: nobody reads them`);
  socket.destroy();
  await until(5000, 'the end of the session', () => (session?.isStopped ? true : undefined));
});

t.test('what is refused is a problem document, and a HEAD begins nothing', async (t) => {
  const { ask, sessions } = await start(t);
  const rows: [string, number, RegExp][] = [
    ['/logs/tail?job=none', 422, /No job is called none/],
    ['/logs/tail?filter=bad', 400, /"filter":"bad","from":0,"to":3/],
    ['/logs/tail?jobs=a', 400, /jobs/],
    ['/logs/tail?job=a&job=b', 400, /there twice/],
  ];
  for (const [path, status, body] of rows) {
    const response = await ask(path);
    t.equal(response.statusCode, status);
    t.equal(response.headers['content-type'], 'application/problem+json');
    t.match(await text(response), body);
  }
  const head = await ask('/logs/tail', 'HEAD');
  t.equal(head.statusCode, 200);
  t.equal((await ask('/logs/tail', 'POST')).statusCode, 405);
  t.equal((await ask('/logs/tail', 'GET', { origin: 'http://a' })).statusCode, 403);
  t.equal((await ask('/logs/tail', 'GET', { host: 'a.example' })).statusCode, 403);
  t.equal(sessions.length, 0);
});

t.test('closing the API ends it', async (t) => {
  const { ask, sessions, server } = await start(t);
  const response = await ask('/logs/tail');
  response.on('error', () => {});
  response.resume();
  await server.close();
  await until(5000, 'the end of the session', () => (sessions[0]?.isStopped ? true : undefined));
});
