// TLS connections of the engine: handshakes, input that has to be opened and output that has to be sealed. What is sealed cannot be
// taken back, so `out` of a TLS connection holds sealed bytes, and the frame of a log record is committed when the kernel has taken
// the last of them.
#include <sys/socket.h>

#include <algorithm>

#include "engine.h"
#include "net.h"

namespace parapet {

namespace {

/// Plain bytes of a full record (RFC 8446 5.1).
constexpr std::size_t record_bytes = 16384;

std::int32_t counter_of(TlsFault fault) noexcept {
    switch (fault) {
        case TlsFault::version: return counter::tls_failed_version_total;
        case TlsFault::cipher: return counter::tls_failed_cipher_total;
        case TlsFault::alpn: return counter::tls_failed_alpn_total;
        case TlsFault::alert: return counter::tls_failed_alert_total;
        case TlsFault::closed: return counter::tls_failed_closed_total;
        default: return counter::tls_failed_other_total;
    }
}

}  // namespace

// ---- input

int Engine::receive(Client& client, std::span<std::uint8_t> at) noexcept {
    if (client.tls) return open_sealed(*client.tls, client.fd, client.cipher, client.out, client.half_closed, client.readable, at);
    const int n = net::receive(client.fd, at);
    if (n == -1 || (n > 0 && static_cast<std::size_t>(n) < at.size())) client.readable = n > 0 && client.half_closed;
    return n;
}

int Engine::receive(Origin& origin, std::span<std::uint8_t> at) noexcept {
    if (origin.tls) return open_sealed(*origin.tls, origin.fd, origin.cipher, origin.out, origin.half_closed, origin.readable, at);
    const int n = net::receive(origin.fd, at);
    if (n == -1 || (n > 0 && static_cast<std::size_t>(n) < at.size())) origin.readable = n > 0 && origin.half_closed;
    return n;
}

/// Fills `at` with plain bytes, as far as there are any. What is received beyond that waits in `cipher`.
int Engine::open_sealed(Tls& tls, int fd, Buffer& cipher, Buffer& out, bool half_closed, bool& readable,
                        std::span<std::uint8_t> at) noexcept {
    tls_io_.begin(tls.readable ? fd : -1, bytes_of(cipher), at.size(), half_closed);
    int n = tls.read(at);
    if (tls_io_.drained || tls_io_.ended || tls_io_.failed) tls.readable = false;
    if (!keep_cipher(cipher)) n = -2;
    // Answers of the protocol itself (key updates), and alerts.
    if (!tls_io_.out.empty() && !send_out(fd, out)) n = n > 0 ? n : -2;
    readable = n != -1 && (tls.readable || !cipher.empty() || tls.has_more());
    return n;
}

/// Keeps what the last call was given and has not used.
bool Engine::keep_cipher(Buffer& cipher) noexcept {
    if (!tls_io_.received) {
        if (!cipher.empty()) consume(cipher, cipher.size() - static_cast<std::uint32_t>(tls_io_.in.size()));
        return true;
    }
    drop(cipher);
    return append(cipher, tls_io_.in, held_bytes_max);
}

// ---- output

/// Seals the pieces into as few records as they fill; they lie in `tls_io_.out` then. False: the connection is unusable.
bool Engine::seal(Tls& tls, std::span<const iovec> pieces) noexcept {
    tls_io_.begin();
    std::size_t held = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        auto rest = bytes_at(pieces[i]);
        while (!rest.empty()) {
            // Whole records, and the end of the last piece, need not be copied.
            const std::size_t direct = held > 0 ? 0 : i + 1 == pieces.size() ? rest.size() : rest.size() - rest.size() % record_bytes;
            if (direct > 0) {
                if (!tls.seal(rest.first(direct))) return false;
                rest = rest.subspan(direct);
                continue;
            }
            const std::size_t take = std::min(rest.size(), record_bytes - held);
            std::memcpy(record_.data() + held, rest.data(), take);
            held += take;
            rest = rest.subspan(take);
            if (held < record_bytes) continue;
            if (!tls.seal({record_.data(), held})) return false;
            held = 0;
        }
    }
    return tls.seal({record_.data(), held});
}

/// Sends what has just been sealed and is no response's, behind what waits already.
bool Engine::send_out(int fd, Buffer& out) noexcept {
    const std::span<const std::uint8_t> bytes = tls_io_.out;
    const std::ptrdiff_t taken = out.empty() ? net::send_some(fd, bytes) : 0;
    return taken >= 0 && append(out, bytes.subspan(static_cast<std::size_t>(taken)), held_bytes_max);
}

/// `send_pieces` over TLS, batch by batch.
Engine::Sent Engine::send_sealed(Exchange& exchange, std::span<const iovec> pieces, bool final) noexcept {
    Client& client = *exchange.client;
    iovec batch[20];
    std::size_t at = 0;
    std::size_t offset = 0;
    for (;;) {
        std::size_t used = 0;
        std::size_t bytes = 0;
        while (at < pieces.size() && used < std::size(batch) && bytes < seal_bytes_max) {
            const auto rest = bytes_at(pieces[at]).subspan(offset);
            const std::size_t take = std::min<std::size_t>(rest.size(), seal_bytes_max - bytes);
            batch[used++] = {const_cast<std::uint8_t*>(rest.data()), take};
            bytes += take;
            offset += take;
            if (offset < pieces[at].iov_len) break;
            ++at;
            offset = 0;
        }
        const bool last = at == pieces.size();
        if (!seal(*client.tls, {batch, used})) {
            client_gone(client, reason::client_reset);
            return Sent::gone;
        }
        const Sent sent = push_sealed(exchange, bytes, final && last);
        if (last || sent == Sent::gone) return sent;
    }
}

/// The last words on a connection, outside of any exchange.
void Engine::send_last(Client& client, std::span<const std::uint8_t> text) noexcept {
    if (!client.tls) {
        (void)net::send_some(client.fd, text);
        return;
    }
    const iovec piece = piece_of(text);
    if (client.tls->open && seal(*client.tls, {&piece, 1})) (void)send_out(client.fd, client.out);
}

/// An orderly end: the client can tell it from one that somebody else has made (RFC 8446 6.1).
void Engine::goodbye(Client& client) noexcept {
    if (!client.tls) return;
    if (client.tls->open && client.out.empty()) {
        tls_io_.begin();
        client.tls->say_goodbye();
        if (!tls_io_.out.empty()) (void)net::send_some(client.fd, tls_io_.out);
    }
    leave_handshake(client);
    client.tls.reset();
    drop(client.cipher);
}

// ---- handshakes of clients

void Engine::begin_tls(Client& client, std::shared_ptr<const TlsListener> listener) noexcept {
    client.tls = Tls::accept(tls_io_, std::move(listener));
    if (!client.tls) {
        close_client(client);
        return;
    }
    client.tls->started_ns = now_ns_;
    count(counter::tls_handshakes_open);
    set_client_timer(client, ClientTimer::handshake, tables_->timeouts.handshake_ms);
}

/// True: the connection is open, and what the client has sent behind its handshake can be read.
bool Engine::client_handshake(Client& client) noexcept {
    Tls& tls = *client.tls;
    tls_io_.begin(client.fd, {}, TlsIo::room_bytes, client.half_closed);
    if (!tls.started) {
        const int n = tls_io_.receive();
        if (n <= 0) {
            client.readable = false;
            if (n != -1) close_client(client);
            return false;
        }
        tls.started = true;
        // A handshake begins with a record of type 22; a letter begins a method.
        const std::uint8_t first = tls_io_.in.front();
        if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z')) {
            plain_http(client);
            return false;
        }
    }
    const TlsStep step = tls.handshake();
    tls.readable = !tls_io_.drained && !tls_io_.ended && !tls_io_.failed;
    const bool sent = tls_io_.out.empty() || send_out(client.fd, client.out);
    if (step == TlsStep::failed || !sent) {
        handshake_failed(client, counter_of(step == TlsStep::failed ? tls.fault : TlsFault::closed));
        return false;
    }
    if (step == TlsStep::wait) {
        client.readable = false;
        return false;
    }
    leave_handshake(client);
    count(counter::tls_handshakes_total);
    if (tls.resumed) count(counter::tls_resumed_total);
    tls.took_us = static_cast<std::uint32_t>((now_ns_ - tls.started_ns) / 1000);
    set_client_timer(client, ClientTimer::idle, tables_->timeouts.idle_ms);
    if (!keep_cipher(client.cipher)) {
        close_client(client);
        return false;
    }
    client.readable = tls.readable || !client.cipher.empty() || tls.has_more();
    return true;
}

/// Every handshake that is under way ends here, well or not.
void Engine::leave_handshake(Client& client) noexcept {
    if (!client.tls || client.tls->left_handshake) return;
    client.tls->left_handshake = true;
    uncount(counter::tls_handshakes_open);
    if (client.tls->open) return;
    // Nobody has said why: the connection went away.
    count(counter::tls_handshake_failures_total);
    count(counter::tls_failed_closed_total);
}

void Engine::handshake_failed(Client& client, std::int32_t cause) noexcept {
    client.tls->left_handshake = true;
    uncount(counter::tls_handshakes_open);
    count(counter::tls_handshake_failures_total);
    count(cause);
    // What the client has sent already would turn the close into a reset that destroys the alert.
    (void)!::recv(client.fd, build_.data(), build_.size(), MSG_DONTWAIT);
    ::shutdown(client.fd, SHUT_WR);
    close_client(client);
}

/// Somebody talks to the port in plain HTTP: the answer is one in plain HTTP too.
void Engine::plain_http(Client& client) noexcept {
    client.tls->left_handshake = true;
    uncount(counter::tls_handshakes_open);
    count(counter::tls_handshake_failures_total);
    count(counter::tls_failed_plain_http_total);
    client.tls.reset();
    http1::ParseResult refused;
    refused.status = 400;
    refused.reason = reason::plain_http_on_tls_port;
    refuse_head(client, refused, 0, 0);
}

// ---- connections to origins

/// The connection stands: TLS comes before the request, within the time for the connect.
void Engine::begin_origin_tls(Origin& origin) noexcept {
    Exchange& exchange = *origin.exchange;
    exchange.origin = &origin;
    exchange.origin_address = origin.address;
    origin.handshaking = true;
    origin.tls = Tls::connect(tls_io_, origin.pool->server.tls, origin.pool->sessions);
    if (!origin.tls) {
        origin_lost(origin, fail_cause::internal_error);
        return;
    }
    origin.tls->readable = false;
    const std::uint64_t left = exchange.connect_deadline_ms > now_ms_ ? exchange.connect_deadline_ms - now_ms_ : 1;
    set_origin_timer(origin, OriginTimer::handshake, static_cast<std::uint32_t>(left));
    origin_handshake(origin);
}

void Engine::origin_handshake(Origin& origin) noexcept {
    Tls& tls = *origin.tls;
    Exchange& exchange = *origin.exchange;
    tls_io_.begin(tls.readable ? origin.fd : -1, {}, TlsIo::room_bytes, origin.half_closed);
    const TlsStep step = tls.handshake();
    if (tls_io_.drained || tls_io_.ended || tls_io_.failed) tls.readable = false;
    const bool sent = tls_io_.out.empty() || send_out(origin.fd, origin.out);
    if (step == TlsStep::failed) {
        const std::int32_t cause = tls.fail_cause != fail_cause::none ? tls.fail_cause : fail_cause::tls_protocol_error;
        origin_lost(origin, cause, tls.fail_detail);
        return;
    }
    if (!sent || !keep_cipher(origin.cipher)) {
        origin_lost(origin, sent ? fail_cause::internal_error : fail_cause::connection_terminated);
        return;
    }
    origin.readable = tls.readable || !origin.cipher.empty() || tls.has_more();
    if (step == TlsStep::wait) return;
    origin.handshaking = false;
    count(counter::origin_tls_handshakes_total);
    if (tls.resumed) count(counter::origin_tls_resumed_total);
    exchange.origin_tls_ns = now_ns_;
    give(exchange, origin);
    if (!origin.closed && origin.readable) origin_again(origin);
}

/// Says goodbye where that is in order; a handshake that has not been completed has failed.
void Engine::end_origin_tls(Origin& origin) noexcept {
    if (!origin.tls) return;
    if (!origin.tls->open) {
        count(counter::origin_tls_failures_total);
    } else if (origin.out.empty() && !origin.write_failed) {
        tls_io_.begin();
        origin.tls->say_goodbye();
        if (!tls_io_.out.empty()) (void)net::send_some(origin.fd, tls_io_.out);
    }
    origin.tls.reset();
    drop(origin.cipher);
}

}  // namespace parapet
