/** What keeps the process from starting, in an operator's words. */
export class StartError extends Error {}
