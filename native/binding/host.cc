// How an engine hangs on the loop of its thread: turned behind libuv's own poll, gone with the last of its handles.
#include "host.h"

#include <sys/mman.h>
#include <uv.h>

#include <memory>
#include <string>

#include "call.h"
#include "store_binding.h"
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
    uv_timer_t timer{};
    uv_check_t check{};
    int open_handles = 0;
    bool closing = false;
    TrustCache trusts;
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

/// From here on the loop turns the engine.
void hang_on(uv_loop_t* loop, Host& host) {
    host.loop = loop;
    (void)uv_idle_init(loop, &host.idle);
    (void)uv_timer_init(loop, &host.timer);
    (void)uv_check_init(loop, &host.check);
    host.idle.data = host.timer.data = host.check.data = &host;
    host.open_handles = 3;
    (void)uv_idle_start(&host.idle, on_idle);
    (void)uv_timer_start(&host.timer, on_timer, Engine::tick_ms, Engine::tick_ms);
    (void)uv_check_start(&host.check, on_check);
}

EngineOptions read_options(napi_env env, napi_value object) {
    EngineOptions options;
    std::string ray;
    std::string boot;
    (void)read_number(env, object, "workerIndex", options.worker_index);
    (void)read_number(env, object, "workers", options.workers);
    (void)read_number(env, object, "arenaBytes", options.arena_bytes);
    (void)read_text(env, object, "ringPath", options.ring.path);
    (void)read_number(env, object, "ringBytes", options.ring.frame_bytes);
    (void)read_number(env, object, "ringId", options.ring.ring_id);
    (void)read_text(env, object, "bootIdHex", boot);
    (void)read_text(env, object, "rayFirstHex", ray);
    options.ring.boot_id = hex_of(boot);
    options.ring.worker_index = options.worker_index;
    options.ring.wake_fd = ring_wake_fd();
    options.ray_first = hex_of(ray);
    options.hash_key = store_hash_key();
    return options;
}

/// The pages of the arena go back to the system with its view; the addresses stay reserved (see ARCHITECTURE.md, Decisions).
void arena_view_gone(napi_env, void* data, void* hint) {
    (void)::madvise(data, static_cast<std::size_t>(reinterpret_cast<std::uintptr_t>(hint)), MADV_DONTNEED);
}

}  // namespace

napi_status prepare_host(napi_env env) {
    auto* slot = new Host*(nullptr);
    const napi_status kept = napi_set_instance_data(env, slot, [](napi_env, void* data, void*) { delete static_cast<Host**>(data); }, nullptr);
    if (kept != napi_ok) delete slot;
    return kept;
}

Engine* engine_of(napi_env env) {
    Host* host = host_slot(env);
    if (host == nullptr || host->closing) {
        napi_throw_error(env, "ERR_INVALID_STATE", "this thread has no engine");
        return nullptr;
    }
    return &host->engine;
}

TrustCache& trusts_of(napi_env env) { return host_slot(env)->trusts; }

napi_value engine_create(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    Host*& slot = host_slot(env);
    if (!is(env, args[1], napi_function)) return throw_type(env, "engineCreate: options and a function");
    if (slot != nullptr) {
        napi_throw_error(env, "ERR_INVALID_STATE", "engineCreate: this thread has an engine already");
        return nullptr;
    }
    const EngineOptions options = read_options(env, args[0]);
    if (options.worker_index >= workers_max) {
        napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "engineCreate: workerIndex");
        return nullptr;
    }
    auto host = std::make_unique<Host>();
    host->env = env;
    const int error = host->engine.open(options, call_policy, host.get());
    if (error != 0) return throw_errno(env, "engineCreate", error);
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
    if (!host->engine.join_loop(uv_backend_fd(loop))) {
        napi_throw_error(env, "ERR_ENGINE", "engineCreate: the loop of the thread cannot be waited for");
        return nullptr;
    }
    hang_on(loop, *host);
    (void)napi_add_async_cleanup_hook(env, environment_ends, host.get(), &host->hook);
    slot = host.get();
    RingWriter& ring = host->engine.ring();
    set_text(env, result, "ringPath", ring.path());
    set_number(env, result, "ringKind", static_cast<double>(ring.kind()));
    set_number(env, result, "ringError", host->engine.ring_opened().error);
    (void)host.release();
    return result;
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

}  // namespace parapet::binding
