// Reads what TLS needs from the engine's tables, and makes certificates for the demo.
#pragma once
#include <node_api.h>

#include <memory>
#include <string>
#include <vector>

#include "core/tables.h"
#include "core/tls.h"

namespace parapet::binding {

/// Trusted certificates that were read before: a large list is read once, not with every snapshot.
using TrustCache = std::vector<std::weak_ptr<const TlsTrust>>;

/// Fills the TLS parts of tables whose servers have been read. False: something cannot be used, and `fault` says what.
bool read_tls(napi_env env, napi_value object, Tables& tables, TrustCache& cache, std::string& fault);
/// Keys of 80 bytes, one behind the other, from a typed array.
bool read_ticket_keys(napi_env env, napi_value array, std::vector<TicketKey>& keys);

napi_status register_tls(napi_env env, napi_value exports);

}  // namespace parapet::binding
