// Reads the engine's tables from what JavaScript has made of a snapshot.
#pragma once
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/tables.h"
#include "tls_binding.h"

namespace parapet::binding {

/// The tables of a call with a snapshot's id and its tables; null, and an exception pending, where they cannot be used.
std::unique_ptr<Tables> read_tables(napi_env env, napi_callback_info info, TrustCache& trusts);
/// Literals of an array; what is none is left out.
std::vector<Address> read_addresses(napi_env env, napi_value array, std::uint16_t port);

}  // namespace parapet::binding
