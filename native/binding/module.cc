// The door of the addon: registers what JavaScript may call. Everything here speaks Node-API only, and one addon image
// serves every worker thread, so nothing below may hold state outside the environment that it was given.
#include <node_api.h>
#include <node_version.h>

#include "engine_binding.h"
#include "ring_binding.h"
#include "store_binding.h"
#include "system.h"
#include "tls_binding.h"

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
  const auto set = [&](const char* name, const char* text) {
    napi_value value = nullptr;
    if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok) (void)napi_set_named_property(env, result, name, value);
  };
#if defined(__clang__)
  set("compiler", "clang " __clang_version__);
#else
  set("compiler", "g++ " __VERSION__);
#endif
  set("headers", NODE_VERSION_STRING);
  set("sanitizers", sanitizers());
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"version", nullptr, version, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"buildInfo", nullptr, build_info, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  if (napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties) != napi_ok) return nullptr;
  using namespace parapet::binding;
  for (const auto add : {register_system, register_store, register_engine, register_ring, register_tls}) {
    if (add(env, exports) != napi_ok) return nullptr;
  }
  return exports;
}
