// The engine of an edge worker thread: hung on the thread's event loop, calling its policy once per batch.
#pragma once
#include <node_api.h>

namespace parapet::binding {

/// Adds the engine functions (engineCreate and what begins with `engine`) to `exports`.
napi_status register_engine(napi_env env, napi_value exports);

}  // namespace parapet::binding
