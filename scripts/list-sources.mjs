// Prints the sources of the addon, sorted, one a line: binding.gyp calls it.
import { addonSources } from './toolchain.mjs';

console.log(addonSources().join('\n'));
