export { Locator } from './locator.ts';
