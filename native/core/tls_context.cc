// What OpenSSL 3.0 has: an older libssl may be the one of the tests.
#define OPENSSL_API_COMPAT 30000
#include "tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>

#include "address.h"
#include "tls.h"
#include "tls_openssl.h"
#include "tls_names.h"

namespace parapet {

namespace {

using SslOwner = std::unique_ptr<SSL, Freeing<SSL_free>>;

// AEAD and forward secrecy only (RFC 9325 4.2); AES-128 first, and ChaCha20 first for clients that put it first.
constexpr const char* ciphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* signatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
// The hybrid group where this OpenSSL has it (3.5).
constexpr const char* groups_hybrid = "X25519MLKEM768:X25519:P-256:P-384";
constexpr const char* groups_classic = "X25519:P-256:P-384";
// Towards origins a key share of each of the first two, so that an origin without the hybrid group needs no second round trip.
constexpr const char* groups_origin = "*X25519MLKEM768:*X25519:P-256:P-384";
constexpr int security_level = 2;  // at least 112 bits: RSA from 2048 bits on, no SHA-1

constexpr char protocol[] = "http/1.1";
constexpr std::size_t protocol_bytes = sizeof protocol - 1;

int no_password(char*, int, int, void*) noexcept { return -1; }

BioOwner reader_of(const std::string& pem) { return BioOwner(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

std::vector<X509Owner> read_certificates(const std::string& pem) {
    std::vector<X509Owner> certificates;
    const BioOwner bio = reader_of(pem);
    if (!bio) return certificates;
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) certificates.emplace_back(certificate);
    return certificates;
}

KeyOwner read_key(const std::string& pem) {
    const BioOwner bio = reader_of(pem);
    return KeyOwner(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
}

/// What the last error says, for an operator; it never quotes what was read.
std::string last_error() {
    const char* text = ERR_reason_error_string(ERR_peek_last_error());
    return text == nullptr ? "it cannot be used" : text;
}

struct Parsed {
    std::vector<X509Owner> chain;
    KeyOwner key;
    int kind = 0;
};

bool parse(const std::string& chain, const std::string& key, Parsed& out, std::string& fault) {
    out.chain = read_certificates(chain);
    if (out.chain.empty()) {
        fault = "no certificate in it";
        return false;
    }
    out.key = read_key(key);
    if (!out.key) {
        fault = "its key cannot be read";
        return false;
    }
    if (X509_check_private_key(out.chain.front().get(), out.key.get()) != 1) {
        fault = "the key is not that of the certificate";
        return false;
    }
    out.kind = EVP_PKEY_get_base_id(out.key.get());
    return true;
}

bool use(SSL_CTX* context, const Parsed& parsed, std::string& fault) {
    if (SSL_CTX_use_certificate(context, parsed.chain.front().get()) != 1 || SSL_CTX_use_PrivateKey(context, parsed.key.get()) != 1) {
        fault = last_error();
        return false;
    }
    for (std::size_t i = 1; i < parsed.chain.size(); ++i) {
        if (SSL_CTX_add1_chain_cert(context, parsed.chain[i].get()) != 1) {
            fault = last_error();
            return false;
        }
    }
    return true;
}

/// What both sides have in common.
bool set_up(SSL_CTX* context, bool only_tls13) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_security_level(context, security_level);
    return SSL_CTX_set_min_proto_version(context, only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context, ciphers12) == 1 && SSL_CTX_set_ciphersuites(context, ciphers13) == 1 &&
        SSL_CTX_set1_sigalgs_list(context, signatures) == 1;
}

Tls& tls_of(const SSL* ssl) noexcept { return *static_cast<Tls*>(SSL_get_app_data(ssl)); }

int on_server_name(SSL* ssl, int*, void*) noexcept {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX* context = tls_of(ssl).listener()->find(name);
    if (context != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, context) == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

/// RFC 7301 3.2: a client that names protocols, but none of ours, is told so.
int on_protocols(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* in, unsigned int in_bytes,
                 void*) noexcept {
    const std::ptrdiff_t at = find_protocol({in, in_bytes}, {protocol, protocol_bytes});
    if (at < 0) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + at;
    *out_bytes = protocol_bytes;
    return SSL_TLSEXT_ERR_OK;
}

bool key_ciphers(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypts) noexcept {
    char digest[] = "SHA256";
    auto* mac_key = const_cast<std::uint8_t*>(key.mac);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, sizeof key.mac),
                           OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher, iv, encrypts ? 1 : 0) == 1 &&
        EVP_MAC_CTX_set_params(mac, params) == 1;
}

/// Tickets are sealed with the first key, and opened with any; one that an older key had sealed is replaced (RFC 5077 4, 5.5).
int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypts) noexcept {
    const std::vector<TicketKey>& keys = tls_of(ssl).io().ticket_keys;
    if (keys.empty()) return 0;
    if (encrypts != 0) {
        const TicketKey& key = keys.front();
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        std::memcpy(name, key.name, sizeof key.name);
        return key_ciphers(key, iv, cipher, mac, true) ? 1 : -1;
    }
    for (const TicketKey& key : keys) {
        if (std::memcmp(name, key.name, sizeof key.name) != 0) continue;
        if (!key_ciphers(key, iv, cipher, mac, false)) return -1;
        // In TLS 1.3 a ticket is for one use: the next one comes with its session (RFC 8446 C.4).
        return &key == &keys.front() && SSL_version(ssl) != TLS1_3_VERSION ? 1 : 2;
    }
    return 0;
}

int on_new_session(SSL* ssl, SSL_SESSION* session) noexcept {
    TlsSessions* sessions = tls_of(ssl).sessions();
    if (sessions == nullptr || SSL_SESSION_is_resumable(session) == 0) return 0;
    sessions->put(session);
    return 1;
}

TlsContext server_context(const TlsListenerOptions& options, std::string& fault) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX* at = context.get();
    const bool ready = at != nullptr && set_up(at, options.only_tls13) &&
        (SSL_CTX_set1_groups_list(at, groups_hybrid) == 1 || SSL_CTX_set1_groups_list(at, groups_classic) == 1) &&
        SSL_CTX_set_session_id_context(at, reinterpret_cast<const unsigned char*>(protocol), protocol_bytes) == 1;
    if (!ready) {
        fault = last_error();
        return nullptr;
    }
    SSL_CTX_set_options(at, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(at, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(at, static_cast<long>(options.session_seconds));
    SSL_CTX_set_tlsext_servername_callback(at, on_server_name);
    SSL_CTX_set_alpn_select_cb(at, on_protocols, nullptr);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(at, on_ticket_key);
    return context;
}

/// Which certificates serve a name: at most one of each kind of key, the first that was configured.
class Sets {
public:
    Sets(const TlsListenerOptions& options, const std::vector<Parsed>& parsed) : parsed_(parsed) {
        for (std::size_t i = 0; i < parsed.size(); ++i) {
            for (const std::string& name : options.certificates[i].names) add(sets_[name], i);
        }
        for (auto& [name, set] : sets_) {
            if (name.starts_with("*.")) continue;
            // What a wildcard covers too: a client without the kind of key of the exact one is served by that.
            if (const auto wider = sets_.find(wildcard_of(name)); wider != sets_.end()) {
                for (const std::size_t i : wider->second) add(set, i);
            }
        }
        add(default_, 0);
        for (const std::string& name : options.certificates.front().names) {
            for (const std::size_t i : sets_[name]) add(default_, i);
        }
    }
    using Set = std::vector<std::size_t>;
    [[nodiscard]] const std::map<std::string, Set>& names() const noexcept { return sets_; }
    [[nodiscard]] const Set& fallback() const noexcept { return default_; }

private:
    void add(Set& set, std::size_t index) {
        for (const std::size_t other : set) {
            if (parsed_[other].kind == parsed_[index].kind) return;
        }
        set.push_back(index);
    }
    const std::vector<Parsed>& parsed_;
    std::map<std::string, Set> sets_;
    Set default_;
};

}  // namespace

void TlsContextFree::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

std::shared_ptr<const TlsListener> TlsListener::create(const TlsListenerOptions& options, std::string& fault) {
    const CleanErrors clean;
    std::vector<Parsed> parsed(options.certificates.size());
    if (parsed.empty()) {
        fault = "no certificate";
        return nullptr;
    }
    for (std::size_t i = 0; i < parsed.size(); ++i) {
        if (parse(options.certificates[i].chain, options.certificates[i].key, parsed[i], fault)) continue;
        fault = "certificates[" + std::to_string(i) + "]: " + fault;
        return nullptr;
    }
    const Sets sets(options, parsed);
    auto listener = std::make_shared<TlsListener>();
    std::map<Sets::Set, SSL_CTX*> made;
    const auto context_of = [&](Sets::Set set) -> SSL_CTX* {
        std::sort(set.begin(), set.end());
        if (const auto known = made.find(set); known != made.end()) return known->second;
        TlsContext context = server_context(options, fault);
        if (!context) return nullptr;
        for (const std::size_t i : set) {
            if (use(context.get(), parsed[i], fault)) continue;
            fault = "certificates[" + std::to_string(i) + "]: " + fault;
            return nullptr;
        }
        listener->contexts_.push_back(std::move(context));
        return made[set] = listener->contexts_.back().get();
    };
    if (context_of(sets.fallback()) == nullptr) return nullptr;
    for (const auto& [name, set] : sets.names()) {
        SSL_CTX* context = context_of(set);
        if (context == nullptr) return nullptr;
        listener->names_[name] = context;
    }
    return listener;
}

ssl_ctx_st* TlsListener::find(std::string_view name) const noexcept {
    const std::string key = server_name_key(name);
    auto found = names_.find(key);
    if (found == names_.end()) found = names_.find(wildcard_of(key));
    return found == names_.end() ? first() : found->second;
}

std::shared_ptr<const TlsTrust> TlsTrust::create(std::string pem, bool partial_chains, std::string& fault) {
    const CleanErrors clean;
    std::shared_ptr<TlsTrust> trust(new TlsTrust);
    trust->store_ = X509_STORE_new();
    const std::vector<X509Owner> certificates = read_certificates(pem);
    if (trust->store_ == nullptr || certificates.empty()) {
        fault = "no certificate in it";
        return nullptr;
    }
    for (const X509Owner& certificate : certificates) (void)X509_STORE_add_cert(trust->store_, certificate.get());
    trust->pem_ = std::move(pem);
    trust->partial_chains_ = partial_chains;
    return trust;
}

TlsTrust::~TlsTrust() { X509_STORE_free(store_); }

std::shared_ptr<const TlsOrigin> TlsOrigin::create(const TlsOriginOptions& options, const std::shared_ptr<const TlsTrust>& trust,
                                                   std::string& fault) {
    const CleanErrors clean;
    auto origin = std::make_shared<TlsOrigin>();
    origin->context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = origin->context_.get();
    static constexpr unsigned char offered[] = "\x08http/1.1";
    const bool ready = context != nullptr && set_up(context, options.only_tls13) &&
        (SSL_CTX_set1_groups_list(context, groups_origin) == 1 || SSL_CTX_set1_groups_list(context, groups_classic) == 1) &&
        SSL_CTX_set_alpn_protos(context, offered, sizeof offered - 1) == 0;
    if (!ready) {
        fault = last_error();
        return nullptr;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
    if (options.verify) {
        if (!trust) {
            fault = "no certificates to trust";
            return nullptr;
        }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
        SSL_CTX_set1_cert_store(context, trust->store());
        if (trust->partial_chains()) {
            (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
        }
    }
    if (!options.chain.empty()) {
        Parsed parsed;
        if (!parse(options.chain, options.key, parsed, fault) || !use(context, parsed, fault)) return nullptr;
    }
    origin->is_address_ = Address::is_literal(options.server_name);
    origin->server_name_ = options.server_name;
    origin->verify_ = options.verify;
    return origin;
}

ssl_st* TlsOrigin::connection() const noexcept {
    SslOwner ssl(SSL_new(context_.get()));
    if (!ssl) return nullptr;
    SSL_set_connect_state(ssl.get());
    // RFC 6066 3: no address is a server name.
    if (!is_address_ && SSL_set_tlsext_host_name(ssl.get(), server_name_.c_str()) != 1) return nullptr;
    if (verify_) {
        X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
        // RFC 9525 6.3: the name must be a subjectAltName; a wildcard is a whole label.
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        const int set = is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(param, server_name_.c_str())
                                    : X509_VERIFY_PARAM_set1_host(param, server_name_.c_str(), server_name_.size());
        if (set != 1) return nullptr;
    }
    return ssl.release();
}

TlsSessions::~TlsSessions() { SSL_SESSION_free(latest_); }

void TlsSessions::put(ssl_session_st* session) noexcept {
    SSL_SESSION_free(latest_);
    latest_ = session;
}

ssl_session_st* TlsSessions::take() noexcept {
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    if (latest_ != nullptr && (SSL_SESSION_is_resumable(latest_) == 0 || now - SSL_SESSION_get_time(latest_) >= age_seconds_max)) put(nullptr);
    // A copy: a session of TLS 1.3 that was resumed is marked as used up.
    return latest_ == nullptr ? nullptr : SSL_SESSION_dup(latest_);
}

}  // namespace parapet
