#include "engine_binding.h"

#include <sys/mman.h>
#include <uv.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "core/engine.h"
#include "store_binding.h"
#include "tls_binding.h"
#include "values.h"

namespace parapet::binding {

namespace {

/// Everything that one environment (one worker thread) has: freed when its three loop handles are closed.
struct Host {
    napi_env env = nullptr;
    napi_ref on_batch = nullptr;
    napi_async_cleanup_hook_handle hook = nullptr;
    Engine engine;
    uv_loop_t* loop = nullptr;
    uv_idle_t idle{};
    TrustCache trusts;
    uv_timer_t timer{};
    uv_check_t check{};
    int open_handles = 0;
    bool closing = false;
};

/// The host of the calling environment; null before `engineCreate`.
Host*& host_slot(napi_env env) {
    void* data = nullptr;
    (void)napi_get_instance_data(env, &data);
    return *static_cast<Host**>(data);
}

void handle_closed(uv_handle_t* handle) {
    auto* host = static_cast<Host*>(handle->data);
    if (--host->open_handles > 0) return;
    const napi_async_cleanup_hook_handle hook = host->hook;
    delete host;
    if (hook != nullptr) (void)napi_remove_async_cleanup_hook(hook);
}

/// Stops the engine and closes its loop handles; the host goes away with the last of them.
void close_host(Host* host) {
    if (host->closing) return;
    host->closing = true;
    host->engine.stop();
    uv_close(reinterpret_cast<uv_handle_t*>(&host->idle), handle_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&host->timer), handle_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&host->check), handle_closed);
}

void environment_ends(napi_async_cleanup_hook_handle hook, void* data) {
    auto* host = static_cast<Host*>(data);
    host->hook = hook;
    close_host(host);
}

/// One call into the policy for one batch.
PolicyCall call_policy(void* context) {
    auto* host = static_cast<Host*>(context);
    const napi_env env = host->env;
    napi_handle_scope scope = nullptr;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return PolicyCall::ending;
    napi_value callback = nullptr;
    napi_value receiver = nullptr;
    napi_value result = nullptr;
    PolicyCall answer = PolicyCall::ok;
    napi_status status = napi_get_reference_value(env, host->on_batch, &callback);
    if (status == napi_ok) status = napi_get_global(env, &receiver);
    if (status == napi_ok) status = napi_make_callback(env, nullptr, receiver, callback, 0, nullptr, &result);
    if (status != napi_ok) {
        bool pending = false;
        napi_value error = nullptr;
        if (napi_is_exception_pending(env, &pending) == napi_ok && pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) {
            answer = PolicyCall::threw;
            // The worker's uncaughtException handler logs and counts it.
            (void)napi_fatal_exception(env, error);
        } else {
            // Nothing pending: the environment is ending (terminate, heap limit). No more calls.
            answer = PolicyCall::ending;
        }
    }
    (void)napi_close_handle_scope(env, scope);
    return answer;
}

void on_timer(uv_timer_t* timer) { static_cast<Host*>(timer->data)->engine.tick(); }
/// While it runs, libuv looks at its descriptors without waiting: the engine waits for both.
void on_idle(uv_idle_t*) {}

/// Milliseconds until libuv has something to do by itself.
int loop_timeout(Host& host) {
    (void)uv_idle_stop(&host.idle);
    uv_update_time(host.loop);
    const int timeout = uv_backend_timeout(host.loop);
    (void)uv_idle_start(&host.idle, on_idle);
    return timeout;
}

/// The engine turns, and waits, until something is there for libuv: in its epoll set, a timer, an immediate. It stands behind
/// libuv's own poll, so that all descriptors of libuv are in its set by now.
void on_check(uv_check_t* check) {
    Host& host = *static_cast<Host*>(check->data);
    for (;;) {
        host.engine.apply_late();
        const int wait_ms = host.closing ? 0 : loop_timeout(host);
        host.engine.turn(wait_ms);
        if (!host.engine.is_running()) {
            if (!host.closing) (void)uv_idle_stop(&host.idle);
            return;
        }
        if (wait_ms == 0 || host.engine.take_loop_ready()) return;
    }
}

std::vector<ListenerOption> read_listeners(napi_env env, napi_value array) {
    std::vector<ListenerOption> listeners;
    for_each(env, array, nullptr, [&](std::uint32_t, napi_value element) {
        ListenerOption option;
        if (read_number(env, element, "id", option.id) && read_int(env, element, "fd", option.fd)) listeners.push_back(option);
    });
    return listeners;
}

std::vector<Address> read_addresses(napi_env env, napi_value array, std::uint16_t port) {
    std::vector<Address> addresses;
    for_each(env, array, nullptr, [&](std::uint32_t, napi_value element) {
        std::string text;
        Address address;
        if (text_of(env, element, text) && Address::parse(text, port, address)) addresses.push_back(address);
    });
    return addresses;
}

void read_limits(napi_env env, napi_value object, Limits& limits) {
    (void)read_number(env, object, "headBytesMax", limits.head_bytes_max);
    (void)read_number(env, object, "targetBytesMax", limits.target_bytes_max);
    (void)read_number(env, object, "fieldsMax", limits.fields_max);
    (void)read_number(env, object, "bodyBytesMax", limits.body_bytes_max);
    (void)read_number(env, object, "trailerBytesMax", limits.trailer_bytes_max);
    (void)read_number(env, object, "pipelineBytesMax", limits.pipeline_bytes_max);
    (void)read_number(env, object, "sendBufferBytesMax", limits.send_buffer_bytes_max);
    (void)read_number(env, object, "connectionsMax", limits.connections_max);
    (void)read_number(env, object, "connectionsPerAddressMax", limits.connections_per_address_max);
    (void)read_number(env, object, "exchangesPerConnectionMax", limits.exchanges_per_connection_max);
    (void)read_number(env, object, "originHeadBytesMax", limits.origin_head_bytes_max);
    (void)read_number(env, object, "originFieldsMax", limits.origin_fields_max);
    (void)read_number(env, object, "originInterimMax", limits.origin_interim_max);
    (void)read_number(env, object, "followersMax", limits.followers_max);
}

void read_timeouts(napi_env env, napi_value object, Timeouts& timeouts) {
    (void)read_number(env, object, "headMs", timeouts.head_ms);
    (void)read_number(env, object, "bodyMs", timeouts.body_ms);
    (void)read_number(env, object, "idleMs", timeouts.idle_ms);
    (void)read_number(env, object, "writeMs", timeouts.write_ms);
    (void)read_number(env, object, "answerMs", timeouts.answer_ms);
    (void)read_number(env, object, "lingerMs", timeouts.linger_ms);
    (void)read_number(env, object, "drainMs", timeouts.drain_ms);
    (void)read_number(env, object, "handshakeMs", timeouts.handshake_ms);
}

/// Calls `take(text, zone)` for every [name, zone] pair of the array under `name`.
template <typename Take>
void read_zone_pairs(napi_env env, napi_value object, const char* name, Take&& take) {
    for_each(env, object, name, [&](std::uint32_t, napi_value pair) {
        napi_value text_value = nullptr;
        napi_value zone_value = nullptr;
        std::string text;
        std::int32_t zone = 0;
        if (napi_get_element(env, pair, 0, &text_value) == napi_ok && napi_get_element(env, pair, 1, &zone_value) == napi_ok &&
            text_of(env, text_value, text) && napi_get_value_int32(env, zone_value, &zone) == napi_ok) {
            take(std::move(text), zone);
        }
    });
}

void read_zones(napi_env env, napi_value object, Tables& tables) {
    for_each(env, object, "names", [&](std::uint32_t, napi_value element) {
        std::string text;
        (void)text_of(env, element, text);
        tables.zone_names.push_back(std::move(text));
    });
    for_each(env, object, "keys", [&](std::uint32_t, napi_value element) {
        std::uint32_t key = 0;
        (void)napi_get_value_uint32(env, element, &key);
        tables.zone_keys.push_back(key);
    });
    tables.zone_keys.resize(tables.zone_names.size());
    tables.zone_counts.resize(tables.zone_names.size());
    const auto zones = static_cast<std::int32_t>(tables.zone_names.size());
    read_zone_pairs(env, object, "exact", [&](std::string host, std::int32_t zone) {
        if (zone >= 0 && zone < zones) tables.zones.add_exact(std::move(host), zone);
    });
    read_zone_pairs(env, object, "wildcard", [&](std::string suffix, std::int32_t zone) {
        if (zone >= 0 && zone < zones) tables.zones.add_wildcard(std::move(suffix), zone);
    });
    std::int32_t catch_all = Zones::none;
    if (read_int(env, object, "catchAll", catch_all) && catch_all < zones) tables.zones.set_catch_all(catch_all);
}

void read_server(napi_env env, napi_value object, Server& server) {
    (void)read_number(env, object, "id", server.id);
    (void)read_text(env, object, "host", server.host);
    (void)read_text(env, object, "authority", server.authority);
    (void)read_number(env, object, "port", server.port);
    (void)read_number(env, object, "maxConnections", server.connections_max);
    (void)read_number(env, object, "queueMax", server.queue_max);
    (void)read_number(env, object, "queueMs", server.queue_ms);
    (void)read_number(env, object, "connectMs", server.connect_ms);
    (void)read_number(env, object, "firstByteMs", server.first_byte_ms);
    (void)read_number(env, object, "betweenBytesMs", server.between_bytes_ms);
    (void)read_number(env, object, "writeMs", server.write_ms);
    (void)read_number(env, object, "idleMs", server.idle_ms);
    (void)read_number(env, object, "idleMax", server.idle_max);
    (void)read_number(env, object, "attemptDelayMs", server.attempt_delay_ms);
    napi_value addresses = nullptr;
    if (read_property(env, object, "addresses", addresses)) server.addresses = read_addresses(env, addresses, server.port);
}

Placeholder placeholder_of(const std::string& name) {
    if (name == "status") return Placeholder::status;
    return name == "reason" ? Placeholder::reason : Placeholder::ray_id;
}

/// Texts and names of placeholders take turns.
void read_page(napi_env env, napi_value object, Page& page) {
    (void)read_text(env, object, "contentType", page.content_type);
    for_each(env, object, "parts", [&](std::uint32_t index, napi_value element) {
        std::string text;
        if (!text_of(env, element, text)) return;
        if (index % 2 == 0) {
            page.parts.push_back({std::move(text)});
        } else if (!page.parts.empty()) {
            page.parts.back().then = placeholder_of(text);
            page.parts.back().has_placeholder = true;
        }
    });
}

/// Pages, and `[zone, status, page]` for each choice.
void read_pages(napi_env env, napi_value object, Pages& pages) {
    for_each(env, object, "pages", [&](std::uint32_t, napi_value element) {
        Page page;
        read_page(env, element, page);
        pages.add(std::move(page));
    });
    for_each(env, object, "choices", [&](std::uint32_t, napi_value choice) {
        std::int32_t words[3] = {};
        for (std::uint32_t i = 0; i < 3; ++i) {
            napi_value value = nullptr;
            if (napi_get_element(env, choice, i, &value) != napi_ok || napi_get_value_int32(env, value, &words[i]) != napi_ok) return;
        }
        pages.choose(words[0], words[1], static_cast<std::uint32_t>(words[2]));
    });
}

/// The pages of the arena go back to the system with its view; the addresses stay reserved (see ARCHITECTURE.md, Decisions).
void arena_view_gone(napi_env, void* data, void* hint) {
    (void)::madvise(data, static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(hint)), MADV_DONTNEED);
}

napi_value engine_create(napi_env env, napi_callback_info info) {
    std::size_t count = 2;
    napi_value args[2] = {};
    (void)napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
    Host*& slot = host_slot(env);
    napi_valuetype type = napi_undefined;
    if (count < 2 || napi_typeof(env, args[1], &type) != napi_ok || type != napi_function) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "engineCreate: options and a function");
        return nullptr;
    }
    if (slot != nullptr) {
        napi_throw_error(env, "ERR_INVALID_STATE", "engineCreate: this thread has an engine already");
        return nullptr;
    }
    const napi_value options = args[0];
    EngineOptions engine_options;
    std::string ray;
    std::string boot;
    (void)read_number(env, options, "workerIndex", engine_options.worker_index);
    (void)read_number(env, options, "workers", engine_options.workers);
    (void)read_number(env, options, "arenaBytes", engine_options.arena_bytes);
    (void)read_text(env, options, "ringPath", engine_options.ring.path);
    (void)read_number(env, options, "ringBytes", engine_options.ring.frame_bytes);
    (void)read_number(env, options, "ringId", engine_options.ring.ring_id);
    (void)read_text(env, options, "bootIdHex", boot);
    (void)read_text(env, options, "rayFirstHex", ray);
    engine_options.ring.boot_id = hex_of(boot);
    engine_options.ring.worker_index = engine_options.worker_index;
    engine_options.ring.wake_fd = ring_wake_fd();
    engine_options.ray_first = hex_of(ray);
    engine_options.hash_key = store_hash_key();
    if (engine_options.worker_index >= workers_max) {
        napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "engineCreate: workerIndex");
        return nullptr;
    }
    auto host = std::make_unique<Host>();
    host->env = env;
    const int error = host->engine.open(engine_options, call_policy, host.get());
    if (error != 0) {
        const std::string message = std::string("engineCreate: ") + ::strerror(error);
        napi_throw_error(env, ::strerrorname_np(error), message.c_str());
        return nullptr;
    }
    Arena& arena = host->engine.arena();
    napi_value view = nullptr;
    napi_value result = nullptr;
    uv_loop_t* loop = nullptr;
    if (napi_create_object(env, &result) != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok ||
        napi_create_reference(env, args[1], 1, &host->on_batch) != napi_ok ||
        napi_create_external_arraybuffer(env, arena.base(), arena.bytes(), arena_view_gone,
                                         reinterpret_cast<void*>(static_cast<std::uintptr_t>(arena.bytes())), &view) != napi_ok ||
        napi_set_named_property(env, result, "arena", view) != napi_ok) {
        napi_throw_error(env, "ERR_ENGINE", "engineCreate: the environment refused the arena");
        return nullptr;
    }
    host->loop = loop;
    if (!host->engine.join_loop(uv_backend_fd(loop))) {
        napi_throw_error(env, "ERR_ENGINE", "engineCreate: the loop of the thread cannot be waited for");
        return nullptr;
    }
    (void)uv_idle_init(loop, &host->idle);
    (void)uv_timer_init(loop, &host->timer);
    (void)uv_check_init(loop, &host->check);
    host->idle.data = host->timer.data = host->check.data = host.get();
    host->open_handles = 3;
    (void)uv_idle_start(&host->idle, on_idle);
    (void)uv_timer_start(&host->timer, on_timer, Engine::tick_ms, Engine::tick_ms);
    (void)uv_check_start(&host->check, on_check);
    (void)napi_add_async_cleanup_hook(env, environment_ends, host.get(), &host->hook);
    slot = host.get();
    RingWriter& ring = host->engine.ring();
    napi_value path = nullptr;
    if (napi_create_string_utf8(env, ring.path().c_str(), ring.path().size(), &path) == napi_ok) (void)napi_set_named_property(env, result, "ringPath", path);
    set_number(env, result, "ringKind", static_cast<double>(ring.kind()));
    set_number(env, result, "ringError", host->engine.ring_opened().error);
    (void)host.release();
    return result;
}

/// The engine of the calling thread; throws where there is none.
Engine* engine_of(napi_env env) {
    Host* host = host_slot(env);
    if (host == nullptr || host->closing) {
        napi_throw_error(env, "ERR_INVALID_STATE", "this thread has no engine");
        return nullptr;
    }
    return &host->engine;
}

/// The tables of `engineConfigure` and `engineCheck`; null, and an exception pending, where they cannot be used.
std::unique_ptr<Tables> read_tables(napi_env env, napi_callback_info info) {
    std::size_t count = 2;
    napi_value args[2] = {};
    (void)napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
    auto tables = std::make_unique<Tables>();
    if (count < 2 || napi_get_value_int32(env, args[0], &tables->snapshot) != napi_ok) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "a snapshot id and its tables");
        return nullptr;
    }
    napi_value part = nullptr;
    if (read_property(env, args[1], "limits", part)) read_limits(env, part, tables->limits);
    if (read_property(env, args[1], "timeouts", part)) read_timeouts(env, part, tables->timeouts);
    if (read_property(env, args[1], "zones", part)) read_zones(env, part, *tables);
    for_each(env, args[1], "servers", [&](std::uint32_t, napi_value element) {
        Server server;
        read_server(env, element, server);
        tables->servers.push_back(std::move(server));
    });
    if (read_property(env, args[1], "errorPages", part)) read_pages(env, part, tables->pages);
    std::int32_t server_field = 0;
    if (read_int(env, args[1], "serverField", server_field) && server_field >= 0 && server_field <= 2) {
        tables->server_field = static_cast<ServerField>(server_field);
    }
    std::string fault;
    if (!read_tls(env, args[1], *tables, host_slot(env)->trusts, fault)) {
        napi_throw_error(env, "ERR_TLS", fault.c_str());
        return nullptr;
    }
    return tables;
}

napi_value engine_configure(napi_env env, napi_callback_info info) {
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    auto tables = read_tables(env, info);
    if (!tables) return nullptr;
    engine->configure(std::move(tables));
    return undefined(env);
}

/// Throws where `engineConfigure` would, and changes nothing.
napi_value engine_check(napi_env env, napi_callback_info info) {
    if (engine_of(env) == nullptr || !read_tables(env, info)) return nullptr;
    return undefined(env);
}

napi_value engine_set_ticket_keys(napi_env env, napi_callback_info info) {
    std::size_t count = 1;
    napi_value arg = nullptr;
    (void)napi_get_cb_info(env, info, &count, &arg, nullptr, nullptr);
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    std::vector<TicketKey> keys;
    if (count < 1 || !read_ticket_keys(env, arg, keys)) {
        napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "engineSetTicketKeys: keys of 80 bytes");
        return nullptr;
    }
    engine->set_ticket_keys(std::move(keys));
    return undefined(env);
}

napi_value engine_set_listeners(napi_env env, napi_callback_info info) {
    std::size_t count = 1;
    napi_value arg = nullptr;
    (void)napi_get_cb_info(env, info, &count, &arg, nullptr, nullptr);
    Engine* engine = engine_of(env);
    if (engine == nullptr) return nullptr;
    engine->set_listeners(read_listeners(env, arg));
    return undefined(env);
}

napi_value engine_set_addresses(napi_env env, napi_callback_info info) {
    std::size_t count = 2;
    napi_value args[2] = {};
    (void)napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
    Engine* engine = engine_of(env);
    std::uint32_t server = 0;
    if (engine == nullptr || count < 2 || napi_get_value_uint32(env, args[0], &server) != napi_ok) return undefined(env);
    engine->set_addresses(server, read_addresses(env, args[1], 0));
    return undefined(env);
}

napi_value engine_submit_late(napi_env env, napi_callback_info) {
    if (Engine* engine = engine_of(env)) engine->wake();
    return undefined(env);
}

struct Integers {
    std::int32_t values[6] = {};
    Integers(napi_env env, napi_callback_info info) {
        std::size_t count = 6;
        napi_value args[6] = {};
        (void)napi_get_cb_info(env, info, &count, args, nullptr, nullptr);
        for (std::size_t i = 0; i < count && i < 6; ++i) {
            bool flag = false;
            // int32 conversion wraps, so u32 values come through as they are.
            if (napi_get_value_int32(env, args[i], &values[i]) != napi_ok && napi_get_value_bool(env, args[i], &flag) == napi_ok) values[i] = flag ? 1 : 0;
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

napi_value engine_stop(napi_env env, napi_callback_info) {
    Host*& slot = host_slot(env);
    if (slot == nullptr) return undefined(env);
    Host* host = slot;
    slot = nullptr;
    const napi_async_cleanup_hook_handle hook = host->hook;
    host->hook = nullptr;
    if (hook != nullptr) (void)napi_remove_async_cleanup_hook(hook);
    (void)napi_delete_reference(env, host->on_batch);
    close_host(host);
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
    auto* slot = new Host*(nullptr);
    const napi_status kept = napi_set_instance_data(env, slot, [](napi_env, void* data, void*) { delete static_cast<Host**>(data); }, nullptr);
    if (kept != napi_ok) {
        delete slot;
        return kept;
    }
    const napi_property_descriptor properties[] = {
        {"engineCreate", nullptr, engine_create, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineConfigure", nullptr, engine_configure, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineCheck", nullptr, engine_check, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineSetTicketKeys", nullptr, engine_set_ticket_keys, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineSetListeners", nullptr, engine_set_listeners, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineSetAddresses", nullptr, engine_set_addresses, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineSubmitLate", nullptr, engine_submit_late, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineLookup", nullptr, engine_lookup, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineReadStoredHead", nullptr, engine_read_stored_head, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"enginePutMarker", nullptr, engine_put_marker, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"enginePurge", nullptr, engine_purge, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineLiveSnapshots", nullptr, engine_live_snapshots, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineDrain", nullptr, engine_drain, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineStop", nullptr, engine_stop, nullptr, nullptr, nullptr, napi_default, nullptr},
        {"engineStats", nullptr, engine_stats, nullptr, nullptr, nullptr, napi_default, nullptr},
    };
    return napi_define_properties(env, exports, sizeof properties / sizeof properties[0], properties);
}

}  // namespace parapet::binding
