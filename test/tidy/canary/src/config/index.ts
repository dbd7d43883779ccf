import '../edge/edge.thread.ts';

export const read = 1;
