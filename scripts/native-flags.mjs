// The C++ flags that every build of native/ shares: the addon, its sanitizer builds, and the tests of native/core.
// Run as a program, prints them for binding.gyp.
import { fileURLToPath } from 'node:url';

export const nativeFlags = [
  '-std=c++20',
  '-fPIC',
  '-fexceptions',
  '-fno-rtti',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-fno-omit-frame-pointer',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-Werror',
];

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(nativeFlags.join(' '));
