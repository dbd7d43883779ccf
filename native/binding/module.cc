// The door of the addon: registers what JavaScript may call. Everything here speaks Node-API only, and one addon image
// serves every worker thread, so nothing below may hold state outside the environment that it was given.
#include <node_api.h>

#include "ring_binding.h"
#include "engine_binding.h"
#include "ring_binding.h"
#include "store_binding.h"
#include "system.h"

namespace {

napi_value version(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  if (napi_create_string_utf8(env, "0.1.0", NAPI_AUTO_LENGTH, &result) != napi_ok) return nullptr;
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"version", nullptr, version, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  if (napi_define_properties(env, exports, 1, properties) != napi_ok) return nullptr;
  using namespace parapet::binding;
  for (const auto add : {register_system, register_store, register_engine, register_ring}) {
    if (add(env, exports) != napi_ok) return nullptr;
  }
  if (parapet::binding::register_ring(env, exports) != napi_ok) return nullptr;
  return exports;
}
