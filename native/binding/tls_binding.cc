#include "tls_binding.h"

#include <cstring>

#include "call.h"
#include "core/tls_make.h"
#include "values.h"

namespace parapet::binding {

namespace {

bool read_flag(napi_env env, napi_value object, const char* name) {
    napi_value value = nullptr;
    bool flag = false;
    return read_property(env, object, name, value) && napi_get_value_bool(env, value, &flag) == napi_ok && flag;
}

std::vector<std::string> read_texts(napi_env env, napi_value object, const char* name) {
    std::vector<std::string> texts;
    for_each(env, object, name, [&](std::uint32_t, napi_value element) {
        std::string text;
        if (text_of(env, element, text)) texts.push_back(std::move(text));
    });
    return texts;
}

TlsListenerOptions read_listener(napi_env env, napi_value object) {
    TlsListenerOptions options;
    options.only_tls13 = read_flag(env, object, "onlyTls13");
    (void)read_number(env, object, "sessionSeconds", options.session_seconds);
    for_each(env, object, "certificates", [&](std::uint32_t, napi_value element) {
        TlsCertificateOption certificate;
        (void)read_text(env, element, "chain", certificate.chain);
        (void)read_text(env, element, "key", certificate.key);
        certificate.names = read_texts(env, element, "names");
        options.certificates.push_back(std::move(certificate));
    });
    return options;
}

std::shared_ptr<const TlsTrust> trust_of(napi_env env, napi_value object, TrustCache& cache, std::string& fault) {
    std::string pem;
    (void)read_text(env, object, "pem", pem);
    const bool partial = read_flag(env, object, "partialChains");
    std::erase_if(cache, [](const auto& entry) { return entry.expired(); });
    for (const auto& entry : cache) {
        if (auto known = entry.lock(); known && known->partial_chains() == partial && known->pem() == pem) return known;
    }
    auto trust = TlsTrust::create(std::move(pem), partial, fault);
    if (trust) cache.push_back(trust);
    return trust;
}

bool read_origin(napi_env env, napi_value object, Server& server, const std::vector<std::shared_ptr<const TlsTrust>>& trusts,
                 std::string& fault) {
    napi_value part = nullptr;
    if (!read_property(env, object, "tls", part) || !is(env, part, napi_object)) return true;
    TlsOriginOptions options;
    (void)read_text(env, part, "serverName", options.server_name);
    options.verify = read_flag(env, part, "verify");
    options.only_tls13 = read_flag(env, part, "onlyTls13");
    (void)read_text(env, part, "chain", options.chain);
    (void)read_text(env, part, "key", options.key);
    std::int32_t trust = -1;
    (void)read_int(env, part, "trust", trust);
    const bool trusted = trust >= 0 && static_cast<std::size_t>(trust) < trusts.size();
    server.tls = TlsOrigin::create(options, trusted ? trusts[static_cast<std::size_t>(trust)] : nullptr, fault);
    if (!server.tls) fault = "origin " + server.authority + ": " + fault;
    return server.tls != nullptr;
}

napi_value make_certificate(napi_env env, napi_callback_info info) {
    const Arguments args(env, info);
    const std::vector<std::string> names = read_texts(env, args[0], nullptr);
    std::uint32_t days = 0;
    if (names.empty() || napi_get_value_uint32(env, args[1], &days) != napi_ok) return throw_type(env, "makeCertificate: names and days");
    MadeCertificate made;
    if (!make_certificate(names, days, made)) {
        napi_throw_error(env, "ERR_TLS", "makeCertificate: the certificate cannot be made");
        return nullptr;
    }
    napi_value result = nullptr;
    if (napi_create_object(env, &result) != napi_ok || !set_text(env, result, "certificate", made.certificate) ||
        !set_text(env, result, "key", made.key)) {
        return nullptr;
    }
    return result;
}

}  // namespace

bool read_tls(napi_env env, napi_value object, Tables& tables, TrustCache& cache, std::string& fault) {
    napi_value part = nullptr;
    if (!read_property(env, object, "tls", part) || !is(env, part, napi_object)) return true;
    bool good = true;
    for_each(env, part, "listeners", [&](std::uint32_t, napi_value element) {
        std::uint32_t id = 0;
        (void)read_number(env, element, "id", id);
        std::string text;
        (void)read_text(env, element, "address", text);
        auto listener = good ? TlsListener::create(read_listener(env, element), fault) : nullptr;
        if (good && !listener) {
            fault = "listener " + text + ": " + fault;
            good = false;
        }
        tables.tls_listeners.emplace_back(id, std::move(listener));
    });
    std::vector<std::shared_ptr<const TlsTrust>> trusts;
    for_each(env, part, "trusts", [&](std::uint32_t, napi_value element) {
        trusts.push_back(good ? trust_of(env, element, cache, fault) : nullptr);
        if (good && !trusts.back()) good = false;
    });
    for_each(env, object, "servers", [&](std::uint32_t index, napi_value element) {
        if (good && index < tables.servers.size()) good = read_origin(env, element, tables.servers[index], trusts, fault);
    });
    return good;
}

bool read_ticket_keys(napi_env env, napi_value array, std::vector<TicketKey>& keys) {
    std::span<std::uint8_t> bytes;
    if (!bytes_of(env, array, bytes) || bytes.size() % TicketKey::bytes != 0) return false;
    for (std::size_t i = 0; i + TicketKey::bytes <= bytes.size(); i += TicketKey::bytes) {
        TicketKey key;
        std::memcpy(key.name, bytes.data() + i, sizeof key.name);
        std::memcpy(key.cipher, bytes.data() + i + 16, sizeof key.cipher);
        std::memcpy(key.mac, bytes.data() + i + 48, sizeof key.mac);
        keys.push_back(key);
    }
    return true;
}

napi_status register_tls(napi_env env, napi_value exports) {
    return define(env, exports, {{"makeCertificate", make_certificate}});
}

}  // namespace parapet::binding
