/** The table that is printed, and the file that is kept. */
import type { Round } from './round.ts';
import type { Row } from './rows.ts';

export interface Outcome {
  row: Row;
  /** Rounds by the name of the proxy, in the order in which they ran. */
  rounds: Record<string, Round[]>;
  /** The medians. */
  medians: Record<string, Round>;
  ratio: number | undefined;
}

/** Below this the server was not what limited the round. */
export const busyMin = 0.9;

function table(lines: string[][]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function report(outcomes: Outcome[]): string {
  const head = [
    'row',
    'proxy',
    'CPU us/request',
    'user',
    'system',
    'spread',
    'requests/s',
    'p50 ms',
    'p99 ms',
    'busy',
    'records',
  ];
  const lines = outcomes.flatMap(({ row, rounds, medians }) =>
    Object.entries(medians).map(([name, round]) => {
      const costs = (rounds[name] ?? []).map(({ cpuUs }) => cpuUs);
      return [
        row.title,
        name,
        round.cpuUs.toFixed(2),
        round.userUs.toFixed(2),
        round.systemUs.toFixed(2),
        `${Math.min(...costs).toFixed(2)}-${Math.max(...costs).toFixed(2)}`,
        Math.round(round.throughput).toString(),
        round.p50Ms.toFixed(2),
        round.p99Ms.toFixed(2),
        `${Math.round(round.busy * 100)}%`,
        `${round.records} = ${round.requests}`,
      ];
    }),
  );
  return table([head, ...lines]);
}

export function ratios(outcomes: Outcome[], gateRatio: number): string {
  const lines = outcomes.flatMap(({ row, ratio, medians }) => {
    if (ratio === undefined) return [];
    const verdict =
      ratio <= row.goal ? 'at the goal' : ratio <= row.target ? 'at the target' : 'MISSES the target';
    const gate =
      row.name === 'hit-1k'
        ? `, gate ${gateRatio.toFixed(2)} ${ratio <= gateRatio ? 'held' : 'NOT held'}`
        : '';
    const aside = medians['parapet']?.asideUs ?? 0;
    return [
      [
        row.title,
        `ratio ${ratio.toFixed(2)}`,
        `target ${row.target.toFixed(2)}, goal ${row.goal.toFixed(2)}: ${verdict}${gate}; supervisor apart: ${aside.toFixed(3)} us`,
      ],
    ];
  });
  return lines.map((line) => line.join('  ')).join('\n');
}

/** Rounds in which the client, not the server, set the pace. */
export function doubts(outcomes: Outcome[]): string[] {
  return outcomes.flatMap(({ row, medians }) =>
    Object.entries(medians)
      .filter(([, round]) => round.busy < busyMin)
      .map(
        ([name, round]) =>
          `${row.title}: ${name} used only ${Math.round(round.busy * 100)} % of its core; something else was the limit`,
      ),
  );
}
