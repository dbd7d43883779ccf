#include "tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "contract.gen.h"
#include "tls_context.h"
#include "tls_openssl.h"

namespace parapet {

namespace {

// `Tls::read` has no end yet.
constexpr int no_end = 1;

TlsIo& io_of(BIO* bio) noexcept { return *static_cast<TlsIo*>(BIO_get_data(bio)); }

int bio_read(BIO* bio, char* at, int length) noexcept {
    TlsIo& io = io_of(bio);
    BIO_clear_retry_flags(bio);
    if (length <= 0) return 0;
    if (io.in.empty()) {
        int n = io.ended ? 0 : io.failed ? -2 : -1;
        if (n == -1 && io.fd >= 0 && !io.drained) n = io.receive();
        if (n == -1) BIO_set_retry_read(bio);
        if (n <= 0) return n == 0 ? 0 : -1;
    }
    const std::size_t take = std::min(io.in.size(), static_cast<std::size_t>(length));
    std::memcpy(at, io.in.data(), take);
    io.in = io.in.subspan(take);
    return static_cast<int>(take);
}

int bio_write(BIO* bio, const char* from, int length) noexcept {
    TlsIo& io = io_of(bio);
    BIO_clear_retry_flags(bio);
    if (length <= 0) return 0;
    if (io.out.size() + static_cast<std::size_t>(length) > TlsIo::out_bytes_max) {
        io.overflow = true;
        return -1;
    }
    io.out.insert(io.out.end(), from, from + length);
    return length;
}

long bio_control(BIO* bio, int command, long, void*) noexcept {
    switch (command) {
        case BIO_CTRL_FLUSH: return 1;
        case BIO_CTRL_EOF: return io_of(bio).ended && io_of(bio).in.empty() ? 1 : 0;
        default: return 0;
    }
}

/// What the first error of the queue says of a handshake that failed.
TlsFault fault_of(unsigned long error, const TlsIo& io) noexcept {
    const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    if (reason > SSL_AD_REASON_OFFSET && reason < 2 * SSL_AD_REASON_OFFSET) return TlsFault::alert;
    switch (reason) {
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_INAPPROPRIATE_FALLBACK:
            return TlsFault::version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SHARED_GROUPS:
        case SSL_R_NO_SUITABLE_GROUPS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return TlsFault::cipher;
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return TlsFault::alpn;
        default:
            return io.ended || io.failed ? TlsFault::closed : TlsFault::other;
    }
}

/// Row of `tls_ciphers` by the number of the suite (RFC 8446 B.4, RFC 5289, RFC 7905).
std::uint8_t cipher_index(const SSL_CIPHER* cipher) noexcept {
    switch (cipher == nullptr ? 0 : SSL_CIPHER_get_protocol_id(cipher)) {
        case 0x1301: return 1;
        case 0x1302: return 2;
        case 0x1303: return 3;
        case 0xc02b: return 4;
        case 0xc02c: return 5;
        case 0xcca9: return 6;
        case 0xc02f: return 7;
        case 0xc030: return 8;
        case 0xcca8: return 9;
        default: return 0;
    }
}

/// The peer's share of the key exchange has done its part, but stays with the connection for its life: a hybrid one has 6 KiB.
/// Another type takes the key's data away, and leaves the empty key to its owner.
void forget_key_share(SSL* ssl) noexcept {
    EVP_PKEY* share = nullptr;
    if (SSL_get_peer_tmp_key(ssl, &share) != 1) return;
    (void)EVP_PKEY_set_type(share, EVP_PKEY_RSA);
    EVP_PKEY_free(share);
}

}  // namespace

TlsIo::TlsIo() {
    room.resize(room_bytes);
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "parapet");
    if (method == nullptr) return;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
}

TlsIo::~TlsIo() { BIO_meth_free(method); }

void TlsIo::begin(int socket, std::span<const std::uint8_t> waiting, std::size_t receive_bytes_max, bool half_closed) noexcept {
    in = waiting;
    out.clear();
    fd = socket;
    receive_max = std::clamp<std::size_t>(receive_bytes_max, 4096, room.size());
    to_end = half_closed;
    received = false;
    drained = false;
    ended = false;
    failed = false;
    overflow = false;
}

int TlsIo::receive() noexcept {
    for (;;) {
        const ssize_t n = ::recv(fd, room.data(), receive_max, 0);
        if (n > 0) {
            in = {room.data(), static_cast<std::size_t>(n)};
            received = true;
            drained = static_cast<std::size_t>(n) < receive_max && !to_end;
            return static_cast<int>(n);
        }
        if (n == 0) {
            ended = true;
            return 0;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            drained = true;
            return -1;
        }
        failed = true;
        return -2;
    }
}

std::unique_ptr<Tls> Tls::begin(TlsIo& io, ssl_st* ssl) noexcept {
    if (ssl == nullptr) return nullptr;
    std::unique_ptr<Tls> tls(new Tls(io, ssl));
    BIO* bio = io.method == nullptr ? nullptr : BIO_new(io.method);
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, &io);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_app_data(ssl, tls.get());
    return tls;
}

std::unique_ptr<Tls> Tls::accept(TlsIo& io, std::shared_ptr<const TlsListener> listener) noexcept {
    const CleanErrors clean;
    auto tls = begin(io, SSL_new(listener->first()));
    if (!tls) return nullptr;
    SSL_set_accept_state(tls->ssl_);
    tls->listener_ = std::move(listener);
    return tls;
}

std::unique_ptr<Tls> Tls::connect(TlsIo& io, std::shared_ptr<const TlsOrigin> origin, TlsSessions& sessions) noexcept {
    const CleanErrors clean;
    auto tls = begin(io, origin->connection());
    if (!tls) return nullptr;
    tls->origin_ = std::move(origin);
    tls->sessions_ = &sessions;
    if (SSL_SESSION* session = sessions.take()) {
        (void)SSL_set_session(tls->ssl_, session);
        SSL_SESSION_free(session);
    }
    return tls;
}

Tls::~Tls() {
    const CleanErrors clean;
    // A connection that ends without a goodbye says nothing against its session.
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
}

TlsStep Tls::handshake() noexcept {
    const CleanErrors clean;
    const int done = SSL_do_handshake(ssl_);
    if (io_.overflow) {
        fault = TlsFault::other;
        return TlsStep::failed;
    }
    if (done == 1) {
        note_opened();
        return TlsStep::done;
    }
    if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ) return TlsStep::wait;
    note_failed();
    return TlsStep::failed;
}

void Tls::note_opened() noexcept {
    open = true;
    forget_key_share(ssl_);
    resumed = SSL_session_reused(ssl_) == 1;
    const int version = SSL_version(ssl_);
    protocol = version == TLS1_3_VERSION ? 2 : version == TLS1_2_VERSION ? 1 : 0;
    cipher = cipher_index(SSL_get_current_cipher(ssl_));
}

/// Reads the error queue before it is cleared.
void Tls::note_failed() noexcept {
    const unsigned long error = ERR_peek_error();
    fault = fault_of(error, io_);
    if (origin_ == nullptr) return;
    const long verified = SSL_get_verify_result(ssl_);
    if (fault == TlsFault::alert) {
        fail_cause = fail_cause::tls_alert_received;
        fail_detail = fail_detail::alert + ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    } else if (!open && verified != X509_V_OK) {
        fail_cause = fail_cause::tls_certificate_error;
        fail_detail = verified > 0 && verified < fail_detail::alert ? static_cast<std::int32_t>(verified) : fail_detail::none;
    } else {
        fail_cause = fault == TlsFault::closed ? fail_cause::connection_terminated : fail_cause::tls_protocol_error;
    }
}

int Tls::read(std::span<std::uint8_t> at) noexcept {
    const CleanErrors clean;
    std::size_t got = 0;
    while (end_ == no_end && got < at.size()) {
        std::size_t n = 0;
        if (SSL_read_ex(ssl_, at.data() + got, at.size() - got, &n) == 1) {
            got += n;
            continue;
        }
        const int error = SSL_get_error(ssl_, 0);
        if (error == SSL_ERROR_WANT_READ) break;
        if (error == SSL_ERROR_ZERO_RETURN) {
            end_ = 0;
        } else {
            note_failed();
            end_ = io_.ended ? -3 : -2;
        }
    }
    if (got > 0) return static_cast<int>(got);
    return end_ == no_end ? -1 : end_;
}

bool Tls::seal(std::span<const std::uint8_t> plain) noexcept {
    if (plain.empty()) return true;
    const CleanErrors clean;
    std::size_t written = 0;
    return SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1 && written == plain.size() && !io_.overflow;
}

void Tls::say_goodbye() noexcept {
    const CleanErrors clean;
    if (open && end_ != -2) (void)SSL_shutdown(ssl_);
}

bool Tls::has_more() const noexcept {
    return end_ != no_end || SSL_pending(ssl_) > 0;
}

}  // namespace parapet
