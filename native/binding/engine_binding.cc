// What the policy and the worker ask of their engine.
#include "engine_binding.h"

#include <utility>
#include <vector>

#include "call.h"
#include "host.h"
#include "tables_binding.h"
#include "values.h"

namespace parapet::binding {

namespace {

std::vector<ListenerOption> read_listeners(napi_env env, napi_value array) {
    std::vector<ListenerOption> listeners;
    for_each(env, array, nullptr, [&](std::uint32_t, napi_value element) {
        ListenerOption option;
        if (read_number(env, element, "id", option.id) && read_int(env, element, "fd", option.fd)) listeners.push_back(option);
    });
    return listeners;
}

napi_value engine_configure(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    auto tables = read_tables(env, info, trusts_of(env));
    if (!tables) return nullptr;
    engine->configure(std::move(tables));
    return undefined(env);
}

/// Throws where `engineConfigure` would, and changes nothing.
napi_value engine_check(napi_env env, napi_callback_info info) {
    if (engine_of(env) == nullptr || !read_tables(env, info, trusts_of(env))) return nullptr;
    return undefined(env);
}

napi_value engine_set_ticket_keys(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    std::vector<TicketKey> keys;
    if (!read_ticket_keys(env, Arguments(env, info)[0], keys)) return throw_type(env, "engineSetTicketKeys: keys of 80 bytes");
    engine->set_ticket_keys(std::move(keys));
    return undefined(env);
}

napi_value engine_set_listeners(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    engine->set_listeners(read_listeners(env, Arguments(env, info)[0]));
    return undefined(env);
}

napi_value engine_set_addresses(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    Engine* engine = engine_of(env);
    std::uint32_t server = 0;
    if (engine == nullptr || napi_get_value_uint32(env, args[0], &server) != napi_ok) return undefined(env);
    engine->set_addresses(server, read_addresses(env, args[1], 0));
    return undefined(env);
}

napi_value engine_submit_late(napi_env env, napi_callback_info) {
    if (Engine* engine = engine_of(env)) engine->wake();
    return undefined(env);
}

/// Arguments that are integers or flags.
struct Integers {
    std::int32_t values[Arguments::count_max] = {};
    Integers(napi_env env, napi_callback_info info) {
        const Arguments args(env, info);
        for (std::size_t i = 0; i < Arguments::count_max; ++i) {
            bool flag = false;
            // int32 conversion wraps, so u32 values come through as they are.
            if (!int_of(env, args[i], values[i]) && napi_get_value_bool(env, args[i], &flag) == napi_ok) values[i] = flag ? 1 : 0;
        }
    }
};

napi_value engine_lookup(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    const Integers in(env, info);
    return number(env, engine->policy_lookup(in.values[0], in.values[1]));
}

napi_value engine_read_stored_head(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    const Integers in(env, info);
    return number(env, engine->policy_read_head(static_cast<std::uint32_t>(in.values[0]), static_cast<std::uint32_t>(in.values[1])));
}

napi_value engine_put_marker(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    const Integers in(env, info);
    return number(env, engine->policy_put_marker(in.values[0], in.values[1], in.values[2], static_cast<std::uint32_t>(in.values[3]), in.values[4], in.values[5]));
}

napi_value engine_purge(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    const Integers in(env, info);
    return number(env, engine->policy_purge(in.values[0], in.values[1], in.values[2] != 0));
}

napi_value engine_live_snapshots(napi_env env, napi_callback_info) {
    Engine* engine = engine_of(env);
    napi_value result = nullptr;
    if (engine == nullptr || napi_create_array(env, &result) != napi_ok) return nullptr;
    std::uint32_t index = 0;
    for (const std::int32_t id : engine->live_snapshots()) (void)napi_set_element(env, result, index++, number(env, id));
    return result;
}

napi_value engine_drain(napi_env env, napi_callback_info) {
    if (Engine* engine = engine_of(env)) engine->drain();
    return undefined(env);
}

napi_value engine_stats(napi_env env, napi_callback_info) {
    Engine* engine = engine_of(env);
    napi_value result = nullptr;
    if (engine == nullptr || napi_create_object(env, &result) != napi_ok) return nullptr;
    const RingCounters counters = engine->ring().counters();
    set_number(env, result, "idle", engine->idle() ? 1 : 0);
    set_number(env, result, "ringRecords", static_cast<double>(counters.records));
    set_number(env, result, "ringDropped", static_cast<double>(counters.dropped));
    set_number(env, result, "ringBytesUsed", static_cast<double>(counters.bytes_used));
    set_number(env, result, "ringBytesMax", static_cast<double>(counters.bytes_max));
    set_number(env, result, "arenaSlabBytes", static_cast<double>(engine->arena().slab_bytes_used()));
    return result;
}

}  // namespace

napi_status register_engine(napi_env env, napi_value exports) {
    if (const napi_status status = prepare_host(env); status != napi_ok) return status;
    return define(env, exports, {
        {"engineCreate", engine_create},
        {"engineConfigure", engine_configure},
        {"engineCheck", engine_check},
        {"engineSetTicketKeys", engine_set_ticket_keys},
        {"engineSetListeners", engine_set_listeners},
        {"engineSetAddresses", engine_set_addresses},
        {"engineSubmitLate", engine_submit_late},
        {"engineLookup", engine_lookup},
        {"engineReadStoredHead", engine_read_stored_head},
        {"enginePutMarker", engine_put_marker},
        {"enginePurge", engine_purge},
        {"engineLiveSnapshots", engine_live_snapshots},
        {"engineDrain", engine_drain},
        {"engineStop", engine_stop},
        {"engineStats", engine_stats},
    });
}

}  // namespace parapet::binding
