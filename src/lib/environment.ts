/**
 * The environment variables that Parapet reads, and the only place that reads them. None is needed by an operator:
 * they carry file descriptors from the supervisor to its child, or point a test at another build of the addon.
 */
export const environmentNames = {
  /** Path of another build of the addon (sanitizers). */
  addon: 'PARAPET_ADDON',
  /** Listening sockets handed from the supervisor to the proxy, as JSON; see src/control/handover.ts. */
  listeners: 'PARAPET_LISTENERS',
} as const;
export type EnvironmentName = keyof typeof environmentNames;

export function readEnvironment(name: EnvironmentName): string | undefined {
  const value = process.env[environmentNames[name]];
  return value === '' ? undefined : value;
}

/** A copy of the whole environment with the given variables set, for a child process. */
export function environmentWith(values: Partial<Record<EnvironmentName, string>>): NodeJS.ProcessEnv {
  const copy: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(values)) {
    copy[environmentNames[name as EnvironmentName]] = value;
  }
  return copy;
}
