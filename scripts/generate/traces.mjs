// The hit ratios in bench/README.md, between two marks, from bench/results/cache-traces.json.
import { betweenMarks } from './between-marks.mjs';

const begin = '<!-- traces: from bench/results/cache-traces.json by npm run gen -->';
const end = '<!-- /traces -->';

const percent = (ratio) => (ratio * 100).toFixed(1);
const cell = ({ objects, bytes }) => `${percent(objects)} / ${percent(bytes)}`;

function table({ at, requests, traces }) {
  const lines = traces.map(
    (row) =>
      `| ${row.trace} | ${row.budgetMiB} | **${cell(row.store)}** | ${cell(row.lru)} | ${cell(row.s3fifo)} | ${cell(row.tinylfu)} |`,
  );
  return [
    '| trace | budget, MiB | the store | LRU | S3-FIFO as published | W-TinyLFU |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    `Hit ratios in percent, of objects / of bytes; ${requests} requests each, of which the first third only fills. ${at.slice(0, 10)}.`,
  ].join('\n');
}

export const withTraces = (page, results) => betweenMarks(page, begin, end, table(results));
