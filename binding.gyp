# The native engine. Sources are every .cc file of native/binding and native/core, sorted, so that a build does not
# depend on the order in which a file system lists them. The warnings and hardening flags are those of
# scripts/native-flags.mjs, which the sanitizer builds share.
{
  "targets": [
    {
      "target_name": "parapet",
      "sources": ["<!@(node scripts/list-sources.mjs)"],
      "include_dirs": ["native"],
      "defines": ["NAPI_VERSION=9", "_GLIBCXX_ASSERTIONS", "_FORTIFY_SOURCE=2"],
      "cflags!": ["-O3"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["<!@(node scripts/native-flags.mjs)", "-isystem", "<(node_root_dir)/include/node"],
      "ldflags": ["-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"],
      "configurations": {
        "Release": {
          "cflags!": ["-O3"],
          "cflags": ["-O2", "-g"]
        }
      }
    }
  ]
}
