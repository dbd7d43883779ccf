#include "store_binding.h"

#include <mutex>
#include <optional>
#include <span>

#include "call.h"
#include "core/engine.h"
#include "core/process.h"
#include "core/store/store.h"
#include "core/store_key.h"
#include "core/stored_head.h"
#include "values.h"

namespace parapet::binding {

namespace {

// One store per process, opened once by control; guarded because every thread of the process may ask for it.
std::mutex store_mutex;
HashKey hash_key;

napi_value store_open(napi_env env, napi_callback_info info) {
    const napi_value options = Arguments(env, info)[0];
    const std::lock_guard lock(store_mutex);
    if (store::Store::current() != nullptr) return undefined(env);
    store::Config config;
    std::string secret;
    (void)read_number(env, options, "bytesMax", config.bytes_max);
    (void)read_number(env, options, "objectBytesMax", config.object_bytes_max);
    (void)read_number(env, options, "windowBytes", config.window_bytes);
    if (!read_text(env, options, "secretHex", secret) || secret.size() != 32) {
        return throw_type(env, "storeOpen: secretHex has 32 hexadecimal digits");
    }
    hash_key = {hex_of(secret, 0), hex_of(secret, 16)};
    config.secret = hash_key;
    config.workers_max = workers_max;
    config.notify = &Engine::store_notify;
    if (store::Store::open(config) == nullptr) {
        napi_throw_error(env, "ENOMEM", "storeOpen: the memory of the store cannot be reserved (store.bytesMax)");
        return nullptr;
    }
    return undefined(env);
}

napi_value store_stats(napi_env env, napi_callback_info) {
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok) return nullptr;
    store::Store* const store = store::Store::current();
    if (store == nullptr) return result;
    const store::Stats stats = store->stats();
    const auto set = [&](const char* name, std::uint64_t value) { set_number(env, result, name, static_cast<double>(value)); };
    set("bytesMax", stats.bytes_max);
    set("bytesUsed", stats.bytes_used);
    set("bytesObjects", stats.bytes_objects);
    set("bytesEntries", stats.bytes_entries);
    set("bytesIndex", stats.bytes_index);
    set("bytesFixed", stats.bytes_fixed);
    set("bytesUnlinked", stats.bytes_unlinked);
    set("objects", stats.objects);
    set("fillsActive", stats.fills_active);
    set("pins", stats.pins);
    set("hits", stats.hits);
    set("misses", stats.misses);
    set("fills", stats.fills);
    set("stored", stats.stored);
    set("collapsed", stats.collapsed);
    set("windowed", stats.windowed);
    set("refused", stats.refused);
    set("evictions", stats.evictions);
    set("bytesEvicted", stats.bytes_evicted);
    set("purges", stats.purges);
    set("purgesForgotten", stats.purges_forgotten);
    set("recovered", stats.recovered);
    return result;
}

napi_value number_array(napi_env env, std::span<const std::uint64_t> values) {
    napi_value array = nullptr;
    if (napi_create_array_with_length(env, values.size(), &array) != napi_ok) return nullptr;
    for (std::uint32_t i = 0; i < values.size(); ++i) (void)napi_set_element(env, array, i, number(env, static_cast<double>(values[i])));
    return array;
}

napi_value zone_stats(napi_env env, napi_callback_info) {
    napi_value result = nullptr;
    if (napi_create_array(env, &result) != napi_ok) return nullptr;
    std::uint32_t at = 0;
    for (const ZoneSum& sum : Process::get().zone_tally.sums()) {
        napi_value zone = nullptr;
        napi_value name = nullptr;
        if (napi_create_object(env, &zone) != napi_ok || napi_create_string_utf8(env, sum.zone.data(), sum.zone.size(), &name) != napi_ok) return nullptr;
        (void)napi_set_named_property(env, zone, "zone", name);
        (void)napi_set_named_property(env, zone, "requests", number_array(env, sum.requests));
        (void)napi_set_named_property(env, zone, "bytes", number_array(env, sum.bytes));
        set_number(env, zone, "collapsed", static_cast<double>(sum.collapsed));
        set_number(env, zone, "originBytes", static_cast<double>(sum.origin_bytes));
        (void)napi_set_element(env, result, at++, zone);
    }
    return result;
}

/// What a purge has hit; -1 where the store can make no more purges.
template <typename T>
napi_value purged(napi_env env, const std::optional<T>& hit) {
    return number(env, hit.has_value() ? static_cast<double>(*hit) : -1);
}

/// What stands under a key, as a worker would be told: `{ words, lines }`, the words from `store_state` to `object_body_high`, and the
/// field lines of what is stored, or of a marker.
napi_value store_lookup(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    std::span<std::uint8_t> key;
    std::uint32_t now = 0;
    if (!bytes_of(env, args[0], key) || napi_get_value_uint32(env, args[1], &now) != napi_ok) {
        return throw_type(env, "storeLookup: the key as a Uint8Array, seconds since 1970");
    }
    StoreAnswer answer;
    answer.state = static_cast<std::int32_t>(store::LookupState::miss);
    std::string lines;
    store::Store* const store = store::Store::current();
    std::vector<std::uint8_t> room(key.size() + 5);
    const auto stored = key.empty() || key.size() > store::key_bytes_limit ? std::span<const std::uint8_t>() : stored_key(hash_key, key, room);
    if (store != nullptr && !stored.empty()) {
        const store::LookupResult found = store->lookup(store::no_worker, siphash13(hash_key, stored), stored, now);
        answer.state = static_cast<std::int32_t>(found.state);
        if (found.ref) {
            answer.ref = found.ref;
            answer.meta = found.view.meta;
            answer.body_length = found.view.body_length;
            lines = lines_of(found.view.head);
            store->unpin(store::no_worker, found.ref);
        }
    }
    std::int32_t words[event_word::object_body_high - event_word::store_state + 1] = {};
    write_answer(words, answer);
    napi_value result = nullptr;
    napi_value array = nullptr;
    napi_value text = nullptr;
    if (napi_create_object(env, &result) != napi_ok || napi_create_array_with_length(env, std::size(words), &array) != napi_ok ||
        napi_create_string_latin1(env, lines.data(), lines.size(), &text) != napi_ok)
        return nullptr;
    for (std::uint32_t i = 0; i < std::size(words); ++i) (void)napi_set_element(env, array, i, number(env, words[i]));
    (void)napi_set_named_property(env, result, "words", array);
    (void)napi_set_named_property(env, result, "lines", text);
    return result;
}

napi_value store_purge(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    std::span<std::uint8_t> key;
    bool soft = false;
    if (!bytes_of(env, args[0], key)) return throw_type(env, "storePurge: the key is a Uint8Array");
    (void)napi_get_value_bool(env, args[1], &soft);
    store::Store* const store = store::Store::current();
    if (store == nullptr || key.empty() || key.size() > store::key_bytes_limit) return number(env, 0);
    return purged(env, purge_url(*store, hash_key, key, soft));
}

napi_value store_purge_group(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    std::uint32_t group = 0;
    std::uint32_t zone = 0;
    std::span<std::uint8_t> text;
    bool soft = false;
    if (napi_get_value_uint32(env, args[0], &group) != napi_ok || group > static_cast<std::uint32_t>(store::Group::tag) ||
        napi_get_value_uint32(env, args[1], &zone) != napi_ok || !bytes_of(env, args[2], text)) {
        return throw_type(env, "storePurgeGroup: group, zone key, Uint8Array, whether soft");
    }
    (void)napi_get_value_bool(env, args[3], &soft);
    store::Store* const store = store::Store::current();
    const bool done = store == nullptr || store->purge_group(static_cast<store::Group>(group), zone, text, soft);
    return number(env, done ? 0 : -1);
}

napi_value store_purge_all(napi_env env, napi_callback_info info) {
    const napi_value arg = Arguments(env, info)[0];
    bool soft = false;
    (void)napi_get_value_bool(env, arg, &soft);
    store::Store* const store = store::Store::current();
    return store == nullptr ? number(env, 0) : purged(env, store->purge_all(soft));
}

napi_value stats_page(napi_env env, napi_callback_info info) {
    const napi_value arg = Arguments(env, info)[0];
    std::uint32_t worker = 0;
    if (napi_get_value_uint32(env, arg, &worker) != napi_ok || worker >= workers_max) {
        napi_throw_range_error(env, "ERR_OUT_OF_RANGE", "statsPage: no such worker slot");
        return nullptr;
    }
    // The pages live as long as the process: nothing to free with the view.
    napi_value result = nullptr;
    if (napi_create_external_arraybuffer(env, &Process::get().stats(worker), StatsPage::page_bytes, nullptr, nullptr, &result) != napi_ok) return nullptr;
    return result;
}

}  // namespace

const HashKey& store_hash_key() noexcept { return hash_key; }

napi_status register_store(napi_env env, napi_value exports) {
    return define(env, exports, {
        {"storeOpen", store_open},
        {"storeStats", store_stats},
        {"zoneStats", zone_stats},
        {"storeLookup", store_lookup},
        {"storePurge", store_purge},
        {"storePurgeGroup", store_purge_group},
        {"storePurgeAll", store_purge_all},
        {"statsPage", stats_page},
    });
}

}  // namespace parapet::binding
