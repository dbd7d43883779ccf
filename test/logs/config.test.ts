import t from 'tap';
import { checkLogs, type JobConfig, type LogsConfig } from '../../src/logs/config.ts';

function job(name: string, path: string, fieldNames?: string[]): JobConfig {
  return {
    name,
    dataset: 'http_requests',
    destination: { type: 'file', path, rotate: { max_bytes: 0, max_age: 0, keep: 0 }, compression: 'none' },
    output: {
      timestamp_format: 'unixnano',
      ...(fieldNames === undefined ? {} : { field_names: fieldNames }),
    },
    batch: { max_bytes: 262_144, max_records: 1000, max_interval: 0.1 },
  };
}

const logs = (...jobs: JobConfig[]): LogsConfig => ({
  directory: '/x',
  ringBytes: 1 << 24,
  drainMs: 1000,
  spool: { bytesMax: 1 << 30, segmentBytes: 1 << 26 },
  jobs,
});

t.test('jobs that can live together', (t) => {
  t.same(checkLogs(logs()), []);
  t.same(checkLogs(logs(job('a', '/a', ['RayID', 'BotScore']), job('b', '/b'))), []);
  t.end();
});

t.test('a field that is none, or named twice', (t) => {
  t.same(checkLogs(logs(job('a', '/a', ['RayID', 'rayid', 'ClientIpp', 'Xyzzy', 'RayID']))), [
    {
      path: ['jobs', 0, 'output', 'field_names', 1],
      message: 'http_requests has no field rayid: did you mean RayID?',
    },
    {
      path: ['jobs', 0, 'output', 'field_names', 2],
      message: 'http_requests has no field ClientIpp: did you mean ClientIP?',
    },
    { path: ['jobs', 0, 'output', 'field_names', 3], message: 'http_requests has no field Xyzzy' },
    { path: ['jobs', 0, 'output', 'field_names', 4], message: 'RayID is named twice' },
  ]);
  t.end();
});

t.test('two jobs of one name, or of one file', (t) => {
  t.same(checkLogs(logs(job('a', '/a'), job('a', '/b'), job('c', '/a'))), [
    { path: ['jobs', 1, 'name'], message: 'another job is called a already' },
    { path: ['jobs', 2, 'destination', 'path'], message: 'job a writes to this file already' },
  ]);
  t.end();
});
