// What TLS connections are made from: certificates of a listener chosen by the name that a client asks for, and what an origin is
// believed by. Built from PEM once per snapshot and worker, unchanged after; connections share them.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct x509_store_st;

namespace parapet {

struct TlsContextFree {
    void operator()(ssl_ctx_st* context) const noexcept;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextFree>;

struct TlsCertificateOption {
    std::string chain;  // PEM, the certificate itself first
    std::string key;    // PEM
    std::vector<std::string> names;  // lower case; `*.example.com` stands for one label
};

struct TlsListenerOptions {
    bool only_tls13 = false;
    std::uint32_t session_seconds = 0;
    std::vector<TlsCertificateOption> certificates;  // the first is the default
};

/// The certificates of one listener.
class TlsListener {
public:
    /// Null where one cannot be used; `fault` then says which and why, without any of its bytes.
    static std::shared_ptr<const TlsListener> create(const TlsListenerOptions& options, std::string& fault);

    /// The context for a name: exact, else the wildcard one label up, else the default.
    [[nodiscard]] ssl_ctx_st* find(std::string_view name) const noexcept;
    [[nodiscard]] ssl_ctx_st* first() const noexcept { return contexts_.front().get(); }

private:
    std::vector<TlsContext> contexts_;
    std::unordered_map<std::string, ssl_ctx_st*> names_;
};

/// Certificates that origins' certificates must lead to.
class TlsTrust {
public:
    /// Null where the text holds no certificate.
    static std::shared_ptr<const TlsTrust> create(std::string pem, bool partial_chains, std::string& fault);
    ~TlsTrust();
    TlsTrust(const TlsTrust&) = delete;
    TlsTrust& operator=(const TlsTrust&) = delete;
    [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
    [[nodiscard]] bool partial_chains() const noexcept { return partial_chains_; }
    [[nodiscard]] x509_store_st* store() const noexcept { return store_; }

private:
    TlsTrust() = default;
    std::string pem_;
    bool partial_chains_ = false;
    x509_store_st* store_ = nullptr;
};

struct TlsOriginOptions {
    std::string server_name;  // name or IP literal that the certificate must carry
    bool verify = true;
    bool only_tls13 = false;
    std::string chain;  // our certificate, PEM; empty: none
    std::string key;
};

/// How one origin is connected to.
class TlsOrigin {
public:
    static std::shared_ptr<const TlsOrigin> create(const TlsOriginOptions& options, const std::shared_ptr<const TlsTrust>& trust,
                                                   std::string& fault);
    /// A new connection with name and check set; null where memory ran out.
    [[nodiscard]] ssl_st* connection() const noexcept;

private:
    TlsContext context_;
    std::string server_name_;
    bool verify_ = true;
    bool is_address_ = false;
};

/// The latest session with one origin, to be resumed until a later one comes. That a ticket is best used once (RFC 8446 C.4) keeps
/// observers from linking the connections of a client; those of a proxy are known, and many servers give a ticket for two of them.
class TlsSessions {
public:
    static constexpr std::int64_t age_seconds_max = 3600;
    TlsSessions() = default;
    ~TlsSessions();
    TlsSessions(const TlsSessions&) = delete;
    TlsSessions& operator=(const TlsSessions&) = delete;
    /// Takes the session over.
    void put(ssl_session_st* session) noexcept;
    /// A copy of the caller's own; null where there is none.
    [[nodiscard]] ssl_session_st* take() noexcept;

private:
    ssl_session_st* latest_ = nullptr;
};

}  // namespace parapet
