// The measured numbers in the README, between two marks, from bench/results/latest.json.
import { betweenMarks } from './between-marks.mjs';

const begin = '<!-- measured: from bench/results/latest.json by npm run gen -->';
const end = '<!-- /measured -->';

const cell = (round, key, digits) => (round === undefined ? '' : round[key].toFixed(digits));
const both = ({ medians }, key, digits) =>
  `${cell(medians.parapet, key, digits)} / ${cell(medians.nginx, key, digits)}`;

/** The table: a row of the benchmark each, Parapet first. */
function table({ at, machine, settings, rows }) {
  const lines = rows.map((row) => {
    const ratio = row.ratio === undefined ? '' : row.ratio.toFixed(2);
    return `| ${row.title} | ${both(row, 'cpuUs', 1)} | **${ratio}** | ${both(row, 'throughput', 0)} | ${both(row, 'p50Ms', 2)} | ${both(row, 'p99Ms', 2)} |`;
  });
  return [
    '| Parapet / nginx | CPU us per request | ratio | requests/s | p50 ms | p99 ms |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
    `\`npm run bench\`, ${at.slice(0, 10)}, median of ${settings.rounds} rounds of ${settings.seconds} s in turns, ${settings.connections} connections, one worker each on a core of its own:`,
    `${machine}.`,
  ].join('\n');
}

export const withMeasured = (readme, results) => betweenMarks(readme, begin, end, table(results));
