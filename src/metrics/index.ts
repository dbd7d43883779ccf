export { type CounterName, CounterPage, sumCounters } from './counters.ts';
