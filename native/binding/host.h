// The engine of one environment (one worker thread): hung on the thread's event loop, calling its policy once per batch.
#pragma once
#include <node_api.h>

#include "core/engine.h"
#include "tls_binding.h"

namespace parapet::binding {

/// Makes room for the host of an environment; to be called once, before anything below.
napi_status prepare_host(napi_env env);
/// The engine of the calling thread; null, and an exception pending, where there is none.
Engine* engine_of(napi_env env);
/// Beside an engine that is there.
TrustCache& trusts_of(napi_env env);

/// engineCreate(options, onBatch): { arena, ringPath, ringKind, ringError }
napi_value engine_create(napi_env env, napi_callback_info info);
/// engineStop(): the engine's handles close, and it goes away with the last of them.
napi_value engine_stop(napi_env env, napi_callback_info info);

}  // namespace parapet::binding
