/** An answer of the admin API that is there as a whole. */
import { type Problem, problemBody, problemType } from './problem.ts';

export interface Reply {
  status: number;
  type: string;
  body: string;
}

export const problem = (what: Problem): Reply => ({
  status: what.status,
  type: problemType,
  body: problemBody(what),
});
