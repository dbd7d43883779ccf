/**
 * The environment variables that Parapet reads, and the only place that reads them. None is needed by an operator.
 */
const environmentNames = {
  /** Path of another build of the addon (sanitizers). */
  addon: 'PARAPET_ADDON',
  /** What a service manager sets: sd_notify(3), sd_watchdog_enabled(3). */
  notifySocket: 'NOTIFY_SOCKET',
  watchdogUs: 'WATCHDOG_USEC',
  watchdogPid: 'WATCHDOG_PID',
} as const;
export type EnvironmentName = keyof typeof environmentNames;

export function readEnvironment(name: EnvironmentName): string | undefined {
  const value = process.env[environmentNames[name]];
  return value === '' ? undefined : value;
}
