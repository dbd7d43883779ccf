// The door of the addon: registers what JavaScript may call. Everything here speaks Node-API only, and one addon image
// serves every worker thread, so nothing below may hold state outside the environment that it was given.
#include <node_api.h>
#include <node_version.h>

#include "call.h"
#include "engine_binding.h"
#include "ring_binding.h"
#include "store_binding.h"
#include "system.h"
#include "tls_binding.h"
#include "values.h"

using parapet::binding::set_text;

namespace {

napi_value version(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  if (napi_create_string_utf8(env, "0.1.0", NAPI_AUTO_LENGTH, &result) != napi_ok) return nullptr;
  return result;
}

constexpr const char* sanitizers() {
#if defined(__SANITIZE_ADDRESS__)
  return "address";
#elif defined(__SANITIZE_THREAD__)
  return "thread";
#else
  return "none";
#endif
}

/// How this image was built, for bug reports.
napi_value build_info(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  if (napi_create_object(env, &result) != napi_ok) return nullptr;
#if defined(__clang__)
  set_text(env, result, "compiler", "clang " __clang_version__);
#else
  set_text(env, result, "compiler", "g++ " __VERSION__);
#endif
  set_text(env, result, "headers", NODE_VERSION_STRING);
  set_text(env, result, "sanitizers", sanitizers());
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  using namespace parapet::binding;
  if (define(env, exports, {{"version", version}, {"buildInfo", build_info}}) != napi_ok) return nullptr;
  for (const auto add : {register_system, register_store, register_engine, register_ring, register_tls}) {
    if (add(env, exports) != napi_ok) return nullptr;
  }
  return exports;
}
