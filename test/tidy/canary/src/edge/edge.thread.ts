import { policy } from './policy.ts';

console.log(policy);
