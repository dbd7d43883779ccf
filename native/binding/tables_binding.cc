// Each section of a snapshot has a function here, which knows the names that its values have in JavaScript.
#include "tables_binding.h"

#include <string>
#include <utility>

#include "call.h"
#include "values.h"

namespace parapet::binding {

namespace {

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

}  // namespace

std::vector<Address> read_addresses(napi_env env, napi_value array, std::uint16_t port) {
    std::vector<Address> addresses;
    for_each(env, array, nullptr, [&](std::uint32_t, napi_value element) {
        std::string text;
        Address address;
        if (text_of(env, element, text) && Address::parse(text, port, address)) addresses.push_back(address);
    });
    return addresses;
}

std::unique_ptr<Tables> read_tables(napi_env env, napi_callback_info info, TrustCache& trusts) {
    const Arguments args(env, info);
    auto tables = std::make_unique<Tables>();
    if (!int_of(env, args[0], tables->snapshot) || !is(env, args[1], napi_object)) {
        throw_type(env, "a snapshot id and its tables");
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
    if (!read_tls(env, args[1], *tables, trusts, fault)) {
        napi_throw_error(env, "ERR_TLS", fault.c_str());
        return nullptr;
    }
    return tables;
}

}  // namespace parapet::binding
