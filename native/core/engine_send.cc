// Bytes on their way out: one write, and what the kernel does not take waits in the connection's `out`. The frame of the log record is
// prepared before the last bytes of a response reach the kernel and committed after, so a response that a client received whole has
// its record whatever happens to the process.
#include <algorithm>

#include "engine.h"
#include "net.h"

namespace parapet {

namespace {
constexpr std::size_t pieces_max = 18;
}  // namespace

/// Keeps the pieces behind what waits already, without the first `taken` bytes. False: there is no room.
bool Engine::hold(Buffer& out, std::span<const iovec> pieces, std::size_t taken) noexcept {
    for (const iovec& piece : pieces) {
        const std::size_t skip = std::min(taken, piece.iov_len);
        taken -= skip;
        if (!append(out, bytes_at(piece).subspan(skip), held_bytes_max)) return false;
    }
    return true;
}

/// Sends what waits and is no response's: the socket takes bytes again. False: the connection failed.
bool Engine::flush_out(int fd, Buffer& out) noexcept {
    const std::ptrdiff_t n = net::send_some(fd, bytes_of(out));
    if (n > 0) consume(out, static_cast<std::uint32_t>(n));
    return n >= 0;
}

/// One write of a response, of `total` bytes. `final`: they are the last, and the record is around them; its counts hold them already.
/// Returns what the kernel took, -1 where the connection failed.
inline std::ptrdiff_t Engine::transmit(Exchange& exchange, std::span<const iovec> pieces, std::size_t total, bool final) noexcept {
    if (final) prepare_record(exchange);
    const std::ptrdiff_t n = total == 0 ? 0 : net::send_some(exchange.client->fd, pieces);
    if (n > 0) count(counter::bytes_out_total, static_cast<std::uint64_t>(n));
    if (!final) return n;
    if (n == static_cast<std::ptrdiff_t>(total)) {
        commit_record(exchange);
    } else {
        rollback_record(exchange);
    }
    return n;
}

/// Sends, or keeps what the kernel does not take; `plain` bytes of the response, which may lie in the pieces sealed.
inline Engine::Sent Engine::send_or_hold(Exchange& exchange, std::span<const iovec> pieces, std::uint64_t plain, bool final) noexcept {
    Client& client = *exchange.client;
    std::size_t taken = 0;
    std::uint64_t held = plain;
    if (client.out.empty()) {
        const std::size_t total = client.tls ? total_of(pieces) : plain;
        exchange.sent_bytes += plain;
        const std::ptrdiff_t n = transmit(exchange, pieces, total, final);
        if (n == static_cast<std::ptrdiff_t>(total)) {
            if (final) finish_response(exchange);
            return Sent::all;
        }
        if (n < 0) {
            exchange.sent_bytes -= plain;
            client_gone(client, reason::client_reset);
            return Sent::gone;
        }
        taken = static_cast<std::size_t>(n);
        held = std::min<std::uint64_t>(plain, total - taken);
        exchange.sent_bytes -= held;
    }
    if (client.tls) client.tls->sealed += held;
    if (!hold(client.out, pieces, taken)) {
        exchange.outcome = outcome::internal_error;
        truncate_response(exchange, outcome::internal_error, reason::memory);
        return Sent::gone;
    }
    exchange.final_pending = exchange.final_pending || final;
    set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
    return Sent::blocked;
}

/// `final`: these are the last bytes of the response.
Engine::Sent Engine::send_pieces(Exchange& exchange, std::span<const iovec> pieces, bool final) noexcept {
    if (exchange.first_byte_ns == 0) exchange.first_byte_ns = now_ns_;
    if (exchange.client->tls) return send_sealed(exchange, pieces, final);
    return send_or_hold(exchange, pieces, total_of(pieces), final);
}

/// Sends what has just been sealed for a response. `final`: the last bytes of it.
Engine::Sent Engine::push_sealed(Exchange& exchange, std::uint64_t plain_bytes, bool final) noexcept {
    const iovec piece = piece_of(tls_io_.out);
    return send_or_hold(exchange, {&piece, 1}, plain_bytes, final);
}

/// One gathered write of a head (may be empty) and body bytes of the store, with Framing::length. True: the response goes on and
/// the kernel has room.
bool Engine::send_from_reader(Exchange& exchange, std::span<const std::uint8_t> head) noexcept {
    Client& client = *exchange.client;
    store::Bytes bodies[pieces_max - 1];
    std::size_t count_of = 0;
    store::ReadState state = store::ReadState::end;
    if (exchange.out_left > 0) state = exchange.reader.gather(bodies, count_of);
    if (count_of == 0 && head.empty()) {
        if (state == store::ReadState::wait) {
            wait_on_entry(exchange, exchange.reader.object().index);
        } else if (state == store::ReadState::end && exchange.slices) {
            next_slice(exchange);
        } else {
            truncate_response(exchange, outcome::origin_aborted, reason::origin_truncated);
        }
        return false;
    }
    iovec pieces[pieces_max];
    std::size_t used = 0;
    if (!head.empty()) pieces[used++] = piece_of(head);
    std::uint64_t left = exchange.out_left;
    std::uint64_t room = client.tls ? seal_bytes_max : left;
    for (std::size_t i = 0; i < count_of && left > 0 && room > 0; ++i) {
        const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>({left, room, bodies[i].size()}));
        pieces[used++] = piece_of(bodies[i].first(take));
        left -= take;
        room -= take;
    }
    const bool final = left == 0;
    const std::uint64_t body_bytes = exchange.out_left - left;
    const std::uint64_t total = head.size() + body_bytes;
    if (exchange.first_byte_ns == 0) exchange.first_byte_ns = now_ns_;
    if (client.tls) {
        if (!seal(*client.tls, {pieces, used})) {
            client_gone(client, reason::client_reset);
            return false;
        }
        // Sealed bytes cannot be taken back: the reader has moved on, whatever the kernel takes of them now.
        exchange.sent_body_bytes += body_bytes;
        exchange.out_left = left;
        if (body_bytes > 0) exchange.reader.advance(body_bytes);
        return push_sealed(exchange, total, final) == Sent::all && !final;
    }
    exchange.sent_bytes += total;
    exchange.sent_body_bytes += body_bytes;
    const std::ptrdiff_t n = transmit(exchange, {pieces, used}, total, final);
    if (n == static_cast<std::ptrdiff_t>(total)) {
        exchange.out_left = left;
        if (body_bytes > 0) exchange.reader.advance(body_bytes);
        if (final) finish_response(exchange);
        return !final;
    }
    const std::uint64_t sent = n < 0 ? 0 : static_cast<std::uint64_t>(n);
    exchange.sent_bytes -= total - sent;
    if (n < 0) {
        exchange.sent_body_bytes -= body_bytes;
        client_gone(client, reason::client_reset);
        return false;
    }
    const std::uint64_t body_sent = sent > head.size() ? sent - head.size() : 0;
    exchange.sent_body_bytes -= body_bytes - body_sent;
    exchange.out_left -= body_sent;
    if (body_sent > 0) exchange.reader.advance(body_sent);
    if (sent < head.size() && !append(client.out, head.subspan(static_cast<std::size_t>(sent)), held_bytes_max)) {
        truncate_response(exchange, outcome::internal_error, reason::memory);
        return false;
    }
    set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
    return false;
}

/// The client's socket takes bytes again.
void Engine::flush_client(Client& client) noexcept {
    Exchange& exchange = *client.exchange;
    if (!client.out.empty()) {
        const std::uint32_t size = client.out.size();
        const bool final = exchange.final_pending;
        // What is sealed counts by what was sealed.
        const std::uint64_t plain = client.tls ? client.tls->sealed : size;
        const iovec piece = piece_of(std::span<const std::uint8_t>(bytes_of(client.out)));
        exchange.sent_bytes += plain;
        const std::ptrdiff_t n = transmit(exchange, {&piece, 1}, size, final);
        if (n < static_cast<std::ptrdiff_t>(size)) {
            const std::uint64_t done = std::min(plain, static_cast<std::uint64_t>(n < 0 ? 0 : n));
            exchange.sent_bytes -= plain - done;
            if (client.tls) client.tls->sealed -= done;
            if (n < 0) client_gone(client, reason::client_reset);
            if (n <= 0) return;
            consume(client.out, static_cast<std::uint32_t>(n));
            set_client_timer(client, ClientTimer::write, exchange.tables->timeouts.write_ms);
            return;
        }
        drop(client.out);
        if (client.tls) client.tls->sealed = 0;
        if (final) {
            finish_response(exchange);
            return;
        }
    }
    set_client_timer(client, ClientTimer::none, 0);
    if (exchange.phase != Phase::respond) return;
    if (exchange.from_store) {
        pump_reader(exchange);
    } else if (exchange.origin != nullptr && exchange.origin->paused) {
        exchange.origin->paused = false;
        pump_download(*exchange.origin);
    }
}

}  // namespace parapet
