/**
 * The environment variables that Parapet reads, and the only place that reads them. None is needed by an operator.
 */
const environmentNames = {
  /** Path of another build of the addon (sanitizers). */
  addon: 'PARAPET_ADDON',
} as const;
export type EnvironmentName = keyof typeof environmentNames;

export function readEnvironment(name: EnvironmentName): string | undefined {
  const value = process.env[environmentNames[name]];
  return value === '' ? undefined : value;
}
