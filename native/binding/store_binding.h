// The process-wide store and statistics pages, as control sees them.
#pragma once
#include <node_api.h>

#include "core/siphash.h"

namespace parapet::binding {

/// Adds storeOpen, storeStats, zoneStats, storeLookup, storePurge, storePurgeGroup, storePurgeAll and statsPage to `exports`.
napi_status register_store(napi_env env, napi_value exports);

/// The key of the store's hash, once `storeOpen` was called.
const HashKey& store_hash_key() noexcept;

}  // namespace parapet::binding
